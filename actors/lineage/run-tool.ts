import { createHash } from "node:crypto";
import type { ColumnSource, Dataset, ToolRun } from "../../protocols/index.ts";

/** Data that a tool reads or makes. */
export interface ToolData {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly columns: readonly string[];
}

/** What a tool has made, and of what. */
export interface ToolOutput extends ToolData {
  readonly from?: Readonly<Record<string, readonly ColumnSource[]>>;
  readonly rowsFrom?: readonly ColumnSource[];
}

/** `error`: the tool threw; it has made nothing. */
export interface ToolOutcome {
  readonly run: ToolRun;
  readonly outputs: readonly ToolOutput[];
  readonly error?: unknown;
}

/**
 * Runs a tool and notes what it read and made, with the hash of each content. Within `fromCall`, `call` is the call: its key names
 * the run, so that one that is made again after a crash is noted once. What is returned has the run to tell to `lineage.<pipeline>`.
 *
 * @example fromCall((call: Call<ToolData>) => runTool({ call, agent: "crew.etl", tool: "clean", inputs: [call.input] }, cleaned))
 */
export async function runTool(
  of: {
    readonly call: { readonly key: string; nowMs(): number };
    readonly agent: string;
    readonly tool: string;
    readonly inputs: readonly ToolData[];
  },
  tool: (inputs: readonly ToolData[]) => Promise<readonly ToolOutput[]> | readonly ToolOutput[],
): Promise<ToolOutcome> {
  const { call, agent, tool: name } = of;
  const startedAtMs = call.nowMs();
  // Before the tool runs: it may change what it is given.
  const inputs = of.inputs.map(datasetOf);
  const runOf = (outputs: readonly ToolOutput[]): ToolRun => ({
    ...{ id: call.key, agent, tool: name, startedAtMs, endedAtMs: call.nowMs(), inputs },
    outputs: outputs.map((output) => ({
      ...datasetOf(output),
      from: Object.fromEntries(Object.entries(output.from ?? {}).map(([to, from]) => [to, [...from]])),
      rowsFrom: [...(output.rowsFrom ?? [])],
    })),
  });
  try {
    const outputs = await tool(of.inputs);
    return { run: runOf(outputs), outputs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { run: { ...runOf([]), error: reason.slice(0, 1_000) }, outputs: [], error };
  }
}

function datasetOf({ name, content, columns }: ToolData): Dataset {
  return { name, hash: createHash("sha256").update(content).digest("hex"), columns: [...columns] };
}
