import { describe, expect, test } from "vitest";
import {
  createMemoryHub,
  createSystem,
  defineActor,
  type Report,
  type SystemOptions,
} from "../../../src/index.ts";
import { counter, counterMachine } from "../../support/counter.ts";

const tally = defineActor({ protocol: counter, machine: counterMachine, durability: "durable" });

function cluster(): {
  node(name: string, options?: Partial<SystemOptions>): ReturnType<typeof createSystem>;
  reports: Report[];
} {
  const hub = createMemoryHub();
  const reports: Report[] = [];
  return {
    reports,
    node: (node, options = {}) =>
      createSystem({
        name: "test",
        node,
        leaseMs: 600,
        transport: hub.connect(),
        actors: { tally },
        onReport: (report) => void reports.push(report),
        ...options,
      }),
  };
}

describe("a durable agent", () => {
  test("is there when it is written to, and answers", async () => {
    const { node, reports } = cluster();
    await using a = await node("a");
    const ref = a.ref("tally.one", counter);
    await ref.deliver({ type: "add", by: 2 });
    ref.tell({ type: "add", by: 3 });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 5 });
    expect(reports.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("goes on from where it was when its node is gone", async () => {
    const { node } = cluster();
    await using b = await node("b", { actors: {} });
    {
      await using a = await node("a");
      const ref = b.ref("tally.one", counter);
      await ref.deliver({ type: "add", by: 2 });
      expect(await ref.ask({ type: "read" })).toEqual({ count: 2 });
      expect((await a.drain()).shards.length).toBeGreaterThan(0);
    }
    const ref = b.ref("tally.one", counter);
    await ref.deliver({ type: "add", by: 40 });
    await using c = await node("c");
    expect(await b.ref("tally.one", counter).ask({ type: "read" })).toEqual({ count: 42 });
    expect(c.node).toBe("c");
  });
});
