import { expect, test } from "vitest";
import { workloadBook } from "../../actors/index.ts";
import { workload } from "../../protocols/index.ts";
import { durableCluster } from "../src/durable/durable-cluster.ts";

const asked = (task: string, capacity = 10) =>
  ({ type: "reserve", task, taskType: "read", capacity }) as const;

test("row 15: of 200 reservations from three nodes for a capacity of 10 exactly 10 have a place, and whoever hosts the book may die", async () => {
  await using cluster = durableCluster();
  const actors = { workload: workloadBook };
  const nodes = [
    await cluster.join("a", actors),
    await cluster.join("b", actors),
    await cluster.join("c", actors),
  ];
  const address = "workload.crew.one";
  const reserve = (n: number) =>
    nodes[n % 3]?.system.ref(address, workload).ask(asked(`t${n}`), { key: `t${n}`, withinMs: 60_000 });
  const replies = await cluster.settled(Promise.all(Array.from({ length: 200 }, (_, n) => reserve(n))));
  expect(replies.filter((reply) => reply?.ok === true)).toHaveLength(10);
  const host = nodes.findIndex(({ system }) => system.agents.includes(address as never));
  nodes[host]?.kill();
  const other = nodes[(host + 1) % 3]?.system.ref(address, workload);
  const again = await cluster.settled(other?.ask(asked("late"), { withinMs: 60_000 }) ?? Promise.reject());
  expect(again).toMatchObject({ ok: false, by: "capacity", load: { inFlight: 10, capacity: 10 } });
});

test("row 10: a task's service time is on the book's own clock, from its place given to its place given back", async () => {
  await using cluster = durableCluster();
  const { system } = await cluster.join("a", { workload: workloadBook });
  const ref = system.ref("workload.crew.one", workload);
  const nobody = await cluster.settled(ref.ask({ type: "figures" }));
  expect(nobody).toEqual({
    load: { capacity: 0, inFlight: 0, held: {}, throughput: 0, oldestMs: 0 },
    service: {},
  });
  await cluster.settled(ref.ask(asked("t")));
  await cluster.pass(2_000);
  ref.tell({ type: "finished", task: "t", outcome: "done" });
  const { load, service } = await cluster.settled(ref.ask({ type: "figures" }));
  expect(load).toMatchObject({ capacity: 10, inFlight: 0, oldestMs: 0 });
  expect(service.read).toMatchObject({ ended: 1, failed: 0 });
  // Between them lie the message's way and the commit.
  expect(Math.abs((service.read?.meanMs ?? 0) - 2_000)).toBeLessThan(500);
});
