import { z } from "zod";
import { defineProtocol, question } from "./protocol.ts";

const name = z.string().min(1).max(200);

/** Data as it was at one time: another content is another dataset version. */
export const dataset = z.object({
  name,
  /** SHA-256 of its content, in hexadecimal digits. */
  hash: z.string().regex(/^[0-9a-f]{64}$/, "expected the SHA-256 of the content in hexadecimal digits"),
  columns: z.array(name).max(500),
});
export type Dataset = z.infer<typeof dataset>;

/** What a column of an output was made of. The kinds are OpenLineage's: the first three are direct, the others decide which rows there are. */
export const columnSource = z.object({
  dataset: name,
  column: name,
  how: z.enum(["identity", "transformation", "aggregation", "join", "group_by", "filter", "sort"]),
});
export type ColumnSource = z.infer<typeof columnSource>;

/** One run of a tool: what it read, what it made, and which column of which. */
export const toolRun = z
  .object({
    /** Names the run over all its tries, such as the key of its call: told twice it is one run. */
    id: z.string().min(1).max(256),
    /** Whose run it was. */
    agent: z.string().max(200),
    tool: z.string().min(1).max(64),
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    inputs: z.array(dataset).max(32),
    outputs: z
      .array(
        dataset.extend({
          /** By column of this output. */
          from: z.record(name, z.array(columnSource).max(100)).default({}),
          /** What all of its rows depend on. */
          rowsFrom: z.array(columnSource).max(100).default([]),
        }),
      )
      .max(32),
    /** Of a run that failed: it has no outputs. */
    error: z.string().max(1_000).optional(),
  })
  .superRefine(({ inputs, outputs }, context) => {
    for (const { name: output, columns, from, rowsFrom } of outputs) {
      const say = (message: string): void => context.addIssue({ code: "custom", message });
      for (const column of Object.keys(from))
        if (!columns.includes(column)) say(`expected a column of ${output}, got "${column}"`);
      for (const source of [...Object.values(from).flat(), ...rowsFrom])
        if (!inputs.some((input) => input.name === source.dataset && input.columns.includes(source.column)))
          say(`expected a column of an input, got "${source.column}" of "${source.dataset}"`);
    }
  });
export type ToolRun = z.infer<typeof toolRun>;

/** What became of what in a pipeline, `lineage.<pipeline>`: a durable agent. */
export const lineage = defineProtocol({
  name: "lineage",
  version: "1.0",
  accepts: {
    record: toolRun,
    /** In the order in which they came. */
    runs: question(
      z.object({
        /** Where to go on: `next` of the page before. */
        from: z.number().int().min(0).default(0),
      }),
      z.object({
        runs: z.array(toolRun),
        next: z.number(),
        more: z.boolean(),
        /** Runs that the book has dropped to make room, the oldest first. */
        dropped: z.number(),
      }),
    ),
  },
  emits: { recorded: toolRun },
});
