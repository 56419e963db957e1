import type { ColumnSource, Dataset, ToolRun } from "../../protocols/index.ts";

/** A column of a dataset with just that content. */
export interface LineageColumn {
  readonly dataset: string;
  readonly hash: string;
  readonly column: string;
}

/** One column went into another. */
export interface ColumnEdge {
  readonly from: LineageColumn;
  readonly to: LineageColumn;
  readonly how: ColumnSource["how"];
  readonly tool: string;
}

export interface ColumnGraph {
  readonly edges: readonly ColumnEdge[];
  /** What was read and no run has made: where the data came from, or was changed by somebody unrecorded. */
  readonly sources: readonly Dataset[];
}

const keyOf = ({ name, hash }: Pick<Dataset, "name" | "hash">): string => `${hash} ${name}`;
const columnKey = ({ dataset, hash, column }: LineageColumn): string =>
  JSON.stringify([dataset, hash, column]);

/**
 * Which column became which, over all runs. Runs are joined by content: who reads what has another hash than was made does not
 * read what was made.
 */
export function columnGraph(runs: readonly ToolRun[]): ColumnGraph {
  const made = new Set(runs.flatMap(({ outputs }) => outputs.map(keyOf)));
  const sources = new Map<string, Dataset>();
  const edges = new Map<string, ColumnEdge>();
  for (const { inputs, outputs, tool } of runs) {
    for (const input of inputs) if (!made.has(keyOf(input))) sources.set(keyOf(input), input);
    const hashes = new Map(inputs.map((input) => [input.name, input.hash]));
    for (const { name: dataset, hash, columns, from, rowsFrom } of outputs) {
      for (const column of columns) {
        for (const { dataset: of, column: source, how } of [...(from[column] ?? []), ...rowsFrom]) {
          const edge: ColumnEdge = {
            from: { dataset: of, hash: hashes.get(of) ?? "", column: source },
            to: { dataset, hash, column },
            ...{ how, tool },
          };
          edges.set(JSON.stringify(edge), edge);
        }
      }
    }
  }
  return { edges: [...edges.values()], sources: [...sources.values()] };
}

/** The columns that a column was made of in the end, through all runs: those that were made of nothing themselves. */
export function originsOf({ edges }: ColumnGraph, of: LineageColumn): readonly LineageColumn[] {
  const into = new Map<string, LineageColumn[]>();
  for (const { from, to } of edges) into.set(columnKey(to), [...(into.get(columnKey(to)) ?? []), from]);
  const seen = new Map([[columnKey(of), of]]);
  // What is added while the loop goes on is gone through, too.
  for (const column of seen.values())
    for (const from of into.get(columnKey(column)) ?? []) seen.set(columnKey(from), from);
  return [...seen.values()].filter((column) => column !== of && !into.has(columnKey(column)));
}
