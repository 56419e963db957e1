import { cp, rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { createSystem } from "../../src/index.ts";
import { connectNats } from "../../src/transport/nats.ts";
import type { QueueEntry } from "../../src/transport/transport.ts";
import { counterActor } from "../support/counter.ts";
import { eachServerVersion, type testServer as TestServer, testServer } from "../support/nats-server.ts";
import { rejection } from "../support/systems.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytes, okOf, textOf } from "./transport/support.ts";

type Server = Awaited<ReturnType<typeof TestServer>>;
type Version = (typeof eachServerVersion)[number];

const waits = { timeout: 15_000, interval: 10 };

/** A real server that loses, as in a power cut, what it has stored since it was told to remember. */
async function forgetfulServer(version: Version) {
  const folder = await temporaryFolder();
  const [storeDir, saved] = [`${folder.path}/store`, `${folder.path}/saved`];
  let server: Server = await testServer({ version, storeDir });
  const { port, url } = server;
  const again = async (change: () => Promise<void>): Promise<void> => {
    await change();
    server = await testServer({ version, storeDir, port });
  };
  return {
    url,
    remember: () =>
      again(async () => {
        await server.stop();
        await rm(saved, { recursive: true, force: true });
        await cp(storeDir, saved, { recursive: true });
      }),
    cutPower: () =>
      again(async () => {
        process.kill(server.pid, "SIGKILL");
        await server.exited;
        await rm(storeDir, { recursive: true, force: true });
        await cp(saved, storeDir, { recursive: true });
      }),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.each(eachServerVersion)("nodes enter again what a server %s has forgotten of them", async (version) => {
  await using server = await forgetfulServer(version);
  const own = { name: "again", servers: server.url, leaseMs: 3_000, onReport: () => {} };
  await using one = await createSystem({ ...own, node: "one" });
  await server.remember();
  await using two = await createSystem({ ...own, node: "two" });
  await expect
    .poll(
      () =>
        one.spawn("kept", counterActor).then(
          () => true,
          () => false,
        ),
      waits,
    )
    .toBe(true);
  await server.cutPower();
  const ref = two.ref("kept", counterActor.protocol);
  await expect
    .poll(() => ref.ask({ type: "read" }, { withinMs: 500 }).catch(() => undefined), waits)
    .toEqual({ count: 0 });
  expect(await rejection(two.spawn("kept", counterActor))).toMatchObject({ code: "ADDRESS_TAKEN" });
  await expect.poll(() => one.nodes.map(({ node }) => node).sort(), waits).toEqual(["one", "two"]);
});

test.each(eachServerVersion)(
  "an entry that a server %s has forgotten, acknowledged late, is not taken for the one that came after it",
  async (version) => {
    await using server = await forgetfulServer(version);
    const transport = await connectNats({ servers: server.url, reconnectWaitMs: 50 });
    const form = { subjects: ["box.>"], kind: "queue", messagesMax: 100, bytesMax: 100_000 } as const;
    const queue = okOf(await transport.store.stream("BOX", form));
    const got: QueueEntry[] = [];
    const consuming = { name: "crew", subject: "box.>", ackWaitMs: 600_000, unacknowledgedMax: 50 };
    okOf(await queue.consume(consuming, (entry) => got.push(entry)));
    await server.remember();
    const append = async (text: string): Promise<boolean> =>
      (await queue.append("box.a", bytes(text))).kind === "ok";
    await expect.poll(() => append("forgotten"), waits).toBe(true);
    await expect.poll(() => got.map(textOf), waits).toContain("forgotten");
    const [forgotten] = got;
    await server.cutPower();
    await expect.poll(() => append("kept"), waits).toBe(true);
    await expect.poll(() => got.map(textOf), waits).toContain("kept");
    expect(got.at(-1)?.sequence).toBe(forgotten?.sequence);
    forgotten?.acknowledge();
    await transport.flush();
    expect(okOf(await queue.read()).map(textOf)).toEqual(["kept"]);
    got.at(-1)?.acknowledge();
    await expect.poll(async () => okOf(await queue.count()), waits).toBe(0);
    await transport.close();
  },
);
