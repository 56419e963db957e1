import { expect, test, vi } from "vitest";
import { realEnv } from "../../../../src/env/env.ts";
import { connectNats } from "../../../../src/transport/nats.ts";
import { testServer } from "../../../support/nats-server.ts";
import { type PlacementNode, placementNode } from "./placement-node.ts";

async function joined(servers: string, node: string) {
  const transport = await connectNats({ servers });
  const joins: PlacementNode = await placementNode(transport.store, realEnv, { node });
  return {
    ...joins,
    /** As SIGKILL leaves it: nothing is given back. */
    vanish: async () => {
      joins.shards.close();
      joins.directory.close();
      joins.registry.close();
      await transport.close();
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

const soon = { timeout: 15_000, interval: 20 };

test("shards go to a node that joins, and to the one that is left: when the other drains, and when it vanishes", async () => {
  await using server = await testServer();
  await using a = await joined(server.url, "a");
  await vi.waitFor(() => expect(a.shards.held).toHaveLength(16), soon);
  await using b = await joined(server.url, "b");
  await vi.waitFor(() => {
    expect(b.shards.held.length).toBeGreaterThan(0);
    expect(a.shards.held.length + b.shards.held.length).toBe(16);
  }, soon);
  const moved = b.shards.held;
  for (const shard of moved) expect(a.log).toContain(`stopped ${shard}`);
  const drained = await b.shards.drain(2_000);
  expect(drained.map(({ shard }) => shard).sort()).toEqual([...moved].sort());
  expect(drained.every(({ released, agents }) => released && agents === 3)).toBe(true);
  await vi.waitFor(() => expect(a.shards.held).toHaveLength(16), soon);
  await using c = await joined(server.url, "c");
  await vi.waitFor(() => expect(c.shards.held.length).toBeGreaterThan(0), soon);
  await vi.waitFor(() => expect(a.shards.held.length + c.shards.held.length).toBe(16), soon);
  const left = a.shards.held;
  await a.vanish();
  await vi.waitFor(() => expect(c.shards.held).toHaveLength(16), soon);
  for (const shard of left) expect(c.log).toContain(`changed ${shard} a c`);
}, 40_000);
