import { z } from "zod";
import type { LogFacts } from "./logs/index.ts";

/**
 * What the desk, the crews' leads and their readers say to each other. All of it travels as messages, so it is
 * checked where it arrives.
 */

export const crews = ["service", "messaging", "database"] as const;
export const crewName = z.enum(crews);

/** So many files a run: with their results they must fit into one message of 1 MiB. */
export const filesMax = 1_000;
export const nameBytesMax = 200;
export const reasonCharsMax = 150;

const format = z.enum([
  "gcp-functions",
  "kernel",
  "postgres-stderr",
  "postgres-json",
  "postgres-csv",
  "postgres-cloudsql",
  "mysql-slow",
  "nats-server",
  "unknown",
]);
const count = z.number().int().nonnegative();

/** A log that was recognised, and how the report calls it. One such file is a reader's task. */
export const logFile = z.object({
  path: z.string().min(1),
  name: z.string().min(1).max(nameBytesMax),
  format,
  sizeBytes: count,
});
export type LogFile = z.infer<typeof logFile>;

/**
 * The facts of a log. Checked as far as every kind has the same members; what only one kind has was written by the
 * same version of this example, which is what `kind` stands for.
 */
const logFacts = z.custom<LogFacts>(
  (value) =>
    z
      .looseObject({
        kind: z.enum(["functions", "kernel", "postgres", "mysql-slow", "nats", "templates"]),
        format,
        crew: crewName,
        paths: z.array(z.string()),
        files: count,
        lines: count,
        bytes: count,
        cutLines: count,
        malformed: z.object({ count, samples: z.array(z.string()) }),
        time: z.looseObject({
          timeline: z.object({ widthMs: z.number(), bins: z.array(z.looseObject({})) }),
        }),
        damage: z.array(z.string()),
      })
      .safeParse(value).success,
  "expected the facts of a log",
);

/** A reader's result: the facts of its file. */
export const readResult = z.object({ facts: logFacts, tookMs: z.number().nonnegative() });
export type ReadResult = z.infer<typeof readResult>;

/** What a reader says of itself while it reads. Bytes are those of the file as it is stored. */
export const readProgress = z.object({ file: z.string(), bytes: count, ofBytes: count, lines: count });
export type ReadProgress = z.infer<typeof readProgress>;

/** A crew's task is its files, in the order in which their facts are put together. */
export const crewTask = z.object({
  files: z.array(logFile).min(1).max(filesMax),
  /** `goOn` lists a file that cannot be read and reads the others; `stop` fails the crew. */
  whenAFileFails: z.enum(["goOn", "stop"]),
});
export type CrewTask = z.infer<typeof crewTask>;

export const crewResult = z.object({
  files: z.array(
    z.object({
      name: z.string(),
      format,
      lines: count,
      bytes: count,
      sizeBytes: count,
      tookMs: z.number().nonnegative(),
    }),
  ),
  failures: z.array(z.object({ name: z.string(), reason: z.string() })),
  /** Logs of one kind put together, and what they are called. */
  groups: z.array(z.object({ label: z.string(), facts: logFacts })),
});
export type CrewResult = z.infer<typeof crewResult>;
export type FileFailure = CrewResult["failures"][number];
