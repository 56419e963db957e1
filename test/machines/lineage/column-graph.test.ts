import { describe, expect, test } from "vitest";
import { columnGraph, type LineageColumn, originsOf } from "../../../machines/index.ts";
import type { ToolRun } from "../../../protocols/index.ts";
import { runSteps } from "../../actors/lineage/orders-pipeline.ts";

/** `from how→ to`, without the hashes. */
function drawn(runs: readonly ToolRun[]): string[] {
  const text = ({ dataset, column }: LineageColumn): string => `${dataset}.${column}`;
  return columnGraph(runs).edges.map(({ from, to, how }) => `${text(from)} ${how}→ ${text(to)}`);
}

function reportTotal(runs: readonly ToolRun[]): LineageColumn {
  const hash = runs.at(-1)?.outputs[0]?.hash ?? "";
  return { dataset: "report", hash, column: "total" };
}

const namesOf = (columns: readonly LineageColumn[]): string[] =>
  columns.map(({ dataset, column }) => `${dataset}.${column}`).sort();

describe("the lineage of a pipeline", () => {
  test("row 25: the column-level lineage of five steps equals the expected graph", async () => {
    const { runs, last } = await runSteps();
    expect(String(last.content)).toBe("name,total\nann,14.5");
    expect(drawn(runs).sort()).toEqual(
      [
        ...["id", "customer", "amount", "currency"].flatMap((column) => [
          `orders.csv.${column} identity→ clean.${column}`,
          `orders.csv.amount filter→ clean.${column}`,
        ]),
        ...["id", "customer", "amount"].map((column) => `clean.${column} identity→ priced.${column}`),
        "rates.csv.rate identity→ priced.rate",
        ...["id", "customer", "amount", "rate"].flatMap((column) => [
          `clean.currency join→ priced.${column}`,
          `rates.csv.code join→ priced.${column}`,
        ]),
        ...["id", "customer"].map((column) => `priced.${column} identity→ converted.${column}`),
        "priced.amount transformation→ converted.euros",
        "priced.rate transformation→ converted.euros",
        "converted.customer identity→ totals.customer",
        "converted.euros aggregation→ totals.total",
        ...["customer", "total"].map((column) => `converted.customer group_by→ totals.${column}`),
        "totals.customer identity→ report.name",
        "totals.total identity→ report.total",
      ].sort(),
    );
    const graph = columnGraph(runs);
    expect(graph.sources.map(({ name }) => name)).toEqual(["orders.csv", "rates.csv"]);
    expect(namesOf(originsOf(graph, reportTotal(runs)))).toEqual([
      "orders.csv.amount",
      "orders.csv.currency",
      "orders.csv.customer",
      "rates.csv.code",
      "rates.csv.rate",
    ]);
  });

  test("ends where somebody unrecorded has changed what lay between two steps", async () => {
    const { runs } = await runSteps((made, tool) =>
      tool === "convert" ? { ...made, content: String(made.content).replace("4.5", "999") } : made,
    );
    const graph = columnGraph(runs);
    expect(graph.sources.map(({ name }) => name)).toEqual(["orders.csv", "rates.csv", "converted"]);
    expect(namesOf(originsOf(graph, reportTotal(runs)))).toEqual(["converted.customer", "converted.euros"]);
  });
});
