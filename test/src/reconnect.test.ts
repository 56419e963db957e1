import { expect, test } from "vitest";
import { createSystem } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { testServer } from "../support/nats-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("watches live through a server that was away for longer than a lease: nobody is taken for lost", async () => {
  await using folder = await temporaryFolder();
  const first = await testServer({ storeDir: folder.path });
  const common = { name: "away", servers: first.url, leaseMs: 1_500, onReport: () => {} };
  await using a = await createSystem({ ...common, node: "a" });
  await using b = await createSystem({ ...common, node: "b" });
  const refs = await Promise.all(Array.from({ length: 5 }, (_, i) => a.spawn(`root${i}.one`, counterActor)));
  const ended: unknown[] = [];
  const watches = refs.map((ref) => b.ref(ref.address, counter).watch((outcome) => void ended.push(outcome)));
  await Promise.all(refs.map((ref) => b.ref(ref.address, counter).ask({ type: "read" })));
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  const awayMs = performance.now() + 2_500;
  await expect.poll(() => performance.now() > awayMs, { timeout: 4_000 }).toBe(true);
  await using _second = await testServer({ storeDir: folder.path, port: first.port });
  for (const ref of refs) {
    const far = b.ref(ref.address, counter);
    await expect
      .poll(() => far.ask({ type: "read" }, { withinMs: 500 }).catch(() => undefined), { timeout: 15_000 })
      .toEqual({ count: 0 });
  }
  // A lease later both still see each other.
  const laterMs = performance.now() + 2_000;
  await expect.poll(() => performance.now() > laterMs, { timeout: 4_000 }).toBe(true);
  expect(b.nodes.map(({ node }) => node).sort()).toEqual(["a", "b"]);
  expect(ended).toEqual([]);
  for (const ref of refs) ref.tell({ type: "fail", text: "at last" });
  const outcomes = await Promise.all(watches.map(({ down }) => down));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["failed", "failed", "failed", "failed", "failed"]);
});
