import { describe, expect, test } from "vitest";
import { lineageBook, openLineageOf, recordedRuns, runTool } from "../../../actors/index.ts";
import { columnGraph } from "../../../machines/index.ts";
import { type EmittedOf, lineage, type ToolRun } from "../../../protocols/index.ts";
import { durableCluster } from "../../src/durable/durable-cluster.ts";
import { orders, runSteps } from "./orders-pipeline.ts";

const of = { namespace: "shop", pipeline: "orders" };
const sha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

describe("a run of a tool", () => {
  test("is noted with the hashes of what it read, before it could change it, and of what it made", async () => {
    const call = { key: "k", nowMs: () => 0 };
    const input = { name: "in", content: Buffer.from("abc"), columns: ["a"] };
    const { run } = await runTool({ call, agent: "x", tool: "t", inputs: [input] }, () => {
      input.content.fill(0);
      return [{ name: "out", content: "abc", columns: [] }];
    });
    expect(run.inputs).toEqual([{ name: "in", hash: sha256OfAbc, columns: ["a"] }]);
    expect(run.outputs).toMatchObject([{ name: "out", hash: sha256OfAbc }]);
  });

  test("that fails is noted, too: it has made nothing", async () => {
    const call = { key: "k", nowMs: () => 0 };
    const failing = (): never => {
      throw new Error("no such table");
    };
    const { run, outputs, error } = await runTool({ call, agent: "x", tool: "t", inputs: [orders] }, failing);
    expect(run).toMatchObject({ id: "k", error: "no such table", outputs: [] });
    expect(outputs).toEqual([]);
    expect(error).toBeInstanceOf(Error);
    const [, failed] = openLineageOf(run, of);
    expect(failed).toMatchObject({
      eventType: "FAIL",
      run: { facets: { errorMessage: { message: "no such table" } } },
    });
  });
});

describe("the book of a pipeline", () => {
  test("row 25: keeps each run once, over the death of its node, and gives the same graph", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("watcher", {});
    const host = await cluster.join("one", { lineage: lineageBook });
    const book = system.ref("lineage.orders", lineage);
    const said: EmittedOf<typeof lineage>[] = [];
    book.on("recorded", (run) => void said.push(run));
    const { runs } = await runSteps();
    // A call that is made again after a crash tells its run again.
    for (const run of [...runs, ...runs]) await cluster.settled(book.deliver({ type: "record", ...run }));
    expect(await cluster.settled(recordedRuns(system, "orders"))).toEqual(runs);
    host.kill();
    await cluster.join("two", { lineage: lineageBook });
    await cluster.pass(3_000);
    const kept = await cluster.settled(recordedRuns(system, "orders"));
    expect(columnGraph(kept)).toEqual(columnGraph(runs));
    expect(said.map(({ tool }) => tool)).toEqual(runs.map(({ tool }) => tool));
  });

  test("is read in pages, and when it is full drops its oldest runs and says how many", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { lineage: lineageBook });
    const book = system.ref("lineage.orders", lineage);
    const columns = Array.from({ length: 500 }, (_, n) => `a column with a long name, number ${n} of many`);
    const large = { name: "large", hash: sha256OfAbc, columns };
    const run = { agent: "x", tool: "t", startedAtMs: 0, endedAtMs: 0, inputs: [large], outputs: [large] };
    for (let n = 0; n < 20; n++)
      await cluster.settled(book.deliver({ type: "record", id: `run ${n}`, ...run }));
    const { runs, more, dropped } = await cluster.settled(book.ask({ type: "runs" }));
    expect(more).toBe(true);
    const kept = await cluster.settled(recordedRuns(system, "orders"));
    expect(kept.length).toBeGreaterThan(runs.length);
    expect(dropped).toBeGreaterThan(0);
    expect(kept.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 - dropped }, (_, n) => `run ${dropped + n}`),
    );
  });

  test("takes no run that speaks of columns it has not read", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { lineage: lineageBook });
    const { runs } = await runSteps();
    const [first] = runs as [ToolRun];
    const tell = (inputs: ToolRun["inputs"]) => () =>
      system.ref("lineage.orders", lineage).tell({ type: "record", ...first, inputs });
    const expected = /expected a column of an input, got "id" of "orders.csv"/;
    expect(tell([])).toThrow(expected);
    expect(tell(first.inputs.map((input) => ({ ...input, name: "other.csv" })))).toThrow(expected);
    expect(tell(first.inputs.map((input) => ({ ...input, columns: ["amount"] })))).toThrow(expected);
  });
});

test("row 25: a run is exported as OpenLineage tells of it: a START and a COMPLETE of one run, with schema, version and column lineage", async () => {
  const { runs } = await runSteps();
  const [start, complete] = openLineageOf(runs[3] as ToolRun, of);
  expect(start).toMatchObject({ eventType: "START", eventTime: "1970-01-01T00:00:03.000Z", outputs: [] });
  expect(start.run.runId).toBe(complete.run.runId);
  expect(start.run.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(complete).toMatchObject({
    eventType: "COMPLETE",
    schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    job: { namespace: "shop", name: "orders.total" },
    inputs: [{ namespace: "shop", name: "converted" }],
  });
  const [made] = runs[3]?.outputs ?? [];
  const input = { namespace: "shop", name: "converted" };
  expect(complete.outputs).toMatchObject([
    {
      ...{ namespace: "shop", name: "totals" },
      facets: {
        schema: { fields: [{ name: "customer" }, { name: "total" }] },
        version: { datasetVersion: made?.hash },
        columnLineage: {
          fields: {
            customer: {
              inputFields: [
                { ...input, field: "customer", transformations: [{ type: "DIRECT", subtype: "IDENTITY" }] },
              ],
            },
            total: {
              inputFields: [
                { ...input, field: "euros", transformations: [{ type: "DIRECT", subtype: "AGGREGATION" }] },
              ],
            },
          },
          dataset: [
            { ...input, field: "customer", transformations: [{ type: "INDIRECT", subtype: "GROUP_BY" }] },
          ],
        },
      },
    },
  ]);
});
