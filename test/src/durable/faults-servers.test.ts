import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import { describe, expect, test } from "vitest";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { isConsumerAck, isKvAnswer, isPubAck, natsProxy } from "../../../src/testing/proxy/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { isLostRace, valueOrThrow } from "../../../src/transport/outcomes.ts";
import type { Outcome } from "../../../src/transport/transport.ts";
import { eachServerVersion, type TestCluster, testCluster, testServer } from "../../support/nats-server.ts";
import { bank } from "./bank.ts";
import { bankOn, leaseMs, loadOn, settledBooks } from "./bank-load.ts";

const waits = { timeout: 60_000, interval: 50 };
const connection = { reconnectWaitMs: 50 };

async function temporaryStore(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "coxswain-faults-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function leaderOf({ servers, urls }: TestCluster, stream: string): Promise<EmbeddedServer> {
  for (const [i, url] of urls.entries()) {
    const connection = await connect({ servers: url });
    const { cluster } = await (await connection.jetstreamManager()).streams.info(stream);
    const name = connection.info?.server_name;
    await connection.close();
    if (cluster?.leader === name) return servers[i] as EmbeddedServer;
  }
  throw new Error(`Expected ${stream} to have a leader`);
}

describe.each(eachServerVersion)("accounts on a server %s", (version) => {
  test("F22 that is killed three times under load: nothing is lost, doubled or out of order", async () => {
    await using store = await temporaryStore();
    let server = await testServer({ version, storeDir: store.path });
    const { port } = server;
    await using accounts = await bankOn(server.url, { connection });
    const load = loadOn(accounts);
    for (let kills = 0; kills < 3; kills++) {
      const { stored } = load;
      await expect.poll(() => load.stored, waits).toBeGreaterThan(stored + 200);
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      server = await testServer({ version, storeDir: store.path, port });
    }
    const { stored } = load;
    await expect.poll(() => load.stored, waits).toBeGreaterThan(stored + 200);
    await load.stop();
    await settledBooks(accounts, load);
    await server.stop();
  }, 150_000);

  test("F48 F50 F51 whose acknowledgements are lost, and whose connections break: nothing is lost, doubled or out of order", async () => {
    await using server = await testServer({ version });
    await using proxy = await natsProxy({ target: server.url });
    await using accounts = await bankOn(proxy.url, { connection: { ...connection, storeTimeoutMs: 500 } });
    const load = loadOn(accounts);
    await expect.poll(() => load.stored, waits).toBeGreaterThan(100);
    let seen = 0;
    const each =
      (of: ReturnType<typeof isPubAck>): typeof of =>
      (frame) =>
        of(frame) && ++seen % 7 === 0;
    const rules = [
      proxy.drop(each(isPubAck({ stream: "cx_bank_box" })), { times: 10 }),
      proxy.drop(each(isKvAnswer({ bucket: "cx_bank_agents", to: "write" })), { times: 10 }),
      proxy.drop(each(isConsumerAck()), { times: 10 }),
    ];
    await expect.poll(() => rules.every((rule) => rule.count >= 5), waits).toBe(true);
    for (let resets = 0; resets < 5; resets++) {
      const { stored } = load;
      await expect.poll(() => load.stored, waits).toBeGreaterThan(stored + 30);
      proxy.closeAll("reset");
    }
    for (const rule of rules) rule.close();
    await load.stop();
    await settledBooks(accounts, load);
  }, 150_000);
});

test("F23 accounts on a server that stands still for three leases go on when it does", async () => {
  await using server = await testServer();
  await using accounts = await bankOn(server.url, { connection });
  const load = loadOn(accounts);
  await expect.poll(() => load.stored, waits).toBeGreaterThan(200);
  process.kill(server.pid, "SIGSTOP");
  const untilMs = performance.now() + 3 * leaseMs;
  await expect.poll(() => performance.now() > untilMs, waits).toBe(true);
  process.kill(server.pid, "SIGCONT");
  const { stored } = load;
  await expect.poll(() => load.stored, waits).toBeGreaterThan(stored + 200);
  await load.stop();
  await settledBooks(accounts, load);
}, 100_000);

/** Of three servers, one of which is killed: 6 to 14 s were measured on two cores, of which the new leader takes 4 to 9. */
const answersAgainMs = 30_000;
/** Until an inbox takes messages again: 4 to 8 s were measured. */
const takesAgainMs = 15_000;

test.for([
  ["inboxes", "cx_bank_box"],
  ["records", "KV_cx_bank_agents"],
  ["leases", "KV_cx_bank"],
] as const)(
  "F27 accounts on three servers answer again within their budget when the leader of their %s is killed",
  { timeout: 150_000 },
  async ([what, stream], { annotate }) => {
    await using cluster = await testCluster();
    await using accounts = await bankOn(cluster.urls, { connection: { ...connection, replicas: 3 } });
    const load = loadOn(accounts, { everyMs: 10 });
    await expect.poll(() => load.stored, waits).toBeGreaterThan(200);
    const refs = load.credits.map((_, n) => accounts.client.ref(`account.n${n}`, bank));
    // Until each is in memory, its shard held.
    await Promise.all(refs.map((ref) => ref.ask({ type: "read" }, { withinMs: 30_000 })));
    const leader = await leaderOf(cluster, stream);
    process.kill(leader.pid, "SIGKILL");
    await leader.exited;
    const [{ stored }, sinceMs] = [load, performance.now()];
    const answered = refs.map(async (ref) => {
      // What is asked later waits behind what was sent meanwhile.
      const leftMs = (): number => Math.max(1, sinceMs + answersAgainMs - performance.now());
      const ask = () => ref.ask({ type: "read" }, { withinMs: leftMs() }).then(isBook, String);
      await expect.poll(ask, { timeout: answersAgainMs, interval: 50 }).toBe(true);
      return performance.now() - sinceMs;
    });
    if (what === "inboxes")
      await expect
        .poll(() => load.stored, { timeout: takesAgainMs, interval: 50 })
        .toBeGreaterThan(stored + 100);
    const tookMs = (await Promise.all(answered)).sort((one, other) => one - other);
    const [first, last] = [tookMs[0], tookMs.at(-1)].map((ms = 0) => (ms / 1_000).toFixed(1));
    await annotate(`Leader of the ${what} killed: the accounts answered after ${first} to ${last} s`);
    await expect.poll(() => load.stored, waits).toBeGreaterThan(stored + 200);
    await load.stop();
    await settledBooks(accounts, load);
  },
);

const isBook = ({ balance }: { readonly balance: number }): boolean => Number.isFinite(balance);

test("F37 accounts whose inboxes are full on the server refuse to the sender, work on what was taken, and take again when there is room", async () => {
  await using server = await testServer();
  const sized = { connection, hosts: 1, durableInboxesMaxBytes: 32_768 };
  await using accounts = await bankOn(server.url, sized);
  const refs = ["one", "two"].map((key) => accounts.client.ref(`account.${key}`, bank));
  await refs[0]?.ask({ type: "read" }, { withinMs: 10_000 });
  await accounts.hosts[0]?.drain();
  const sent: number[] = [];
  const refused: string[] = [];
  // So many fit by far into what one agent may have waiting, and do not fit here.
  for (let n = 1; n <= 1_000 && refused.length === 0; n++) {
    const end = refs[0]?.deliver({ type: "credit", amount: 1, n }).then(() => sent.push(n));
    await end?.catch(({ code }: { readonly code: string }) => refused.push(code));
  }
  expect(refused).toEqual(["STORE_FULL"]);
  await expect(refs[1]?.deliver({ type: "credit", amount: 1, n: 1 })).rejects.toMatchObject({
    code: "STORE_FULL",
  });
  await accounts.host("second");
  const received = async () =>
    (await refs[0]?.ask({ type: "read" }, { withinMs: 3_000 }).catch(String)) as object;
  await expect.poll(received, waits).toMatchObject({ received: sent });
  await refs[0]?.deliver({ type: "credit", amount: 1, n: 5_000 });
  expect(await received()).toMatchObject({ received: [...sent, 5_000] });
}, 60_000);

test("F39 accounts whose inboxes, or records, an operator deletes say so; nothing empty is made in their place", async () => {
  for (const [stream, words] of [
    ["cx_bank_box", /^The inbox of shard \S+ cannot be read/],
    ["KV_cx_bank_agents", /^Records of durable agents, such as \S+account.one, cannot be read or written/],
  ] as const) {
    await using server = await testServer();
    await using accounts = await bankOn(server.url, { connection, hosts: 1 });
    const ref = accounts.client.ref("account.one", bank);
    await ref.deliver({ type: "credit", amount: 1, n: 1 });
    await ref.ask({ type: "read" }, { withinMs: 10_000 });
    const admin = await connect({ servers: server.url });
    const manager = await admin.jetstreamManager();
    await manager.streams.delete(stream);
    ref.tell({ type: "credit", amount: 1, n: 2 });
    const said = () =>
      accounts.reports.filter(({ level }) => level === "error").map(({ message }) => message);
    await expect.poll(said, waits).toContainEqual(expect.stringMatching(words));
    const names: string[] = [];
    for await (const name of manager.streams.names()) names.push(name);
    expect(names).not.toContain(stream);
    await admin.close();
  }
}, 60_000);

describe("a record that six want at once", () => {
  test.each(eachServerVersion)("F34 has one new owner each time, on a server %s", async (version) => {
    await using server = await testServer({ version });
    const transports = await Promise.all(
      Array.from({ length: 6 }, () => connectNats({ servers: server.url, reconnectWaitMs: 50 })),
    );
    const buckets = await Promise.all(
      transports.map(async ({ store }) => valueOrThrow(await store.bucket("cx_bank_agents"))),
    );
    let revision = 0;
    for (let round = 0; round < 300; round++) {
      const claims = buckets.map((bucket, i) =>
        bucket.update("main_1.account.one", Uint8Array.of(i), revision),
      );
      const outcomes = await Promise.all(claims);
      const won = outcomes.filter(({ kind }) => kind === "ok");
      expect([won.length, outcomes.filter(isLostRace).length]).toEqual([1, 5]);
      revision = valueOrThrow(won[0] as Outcome<number>);
    }
    await Promise.all(transports.map((transport) => transport.close()));
  });
});

describe("faults of servers and networks that are shown elsewhere, or not", () => {
  test.skip("F24 F25 F26 power cuts: in simulation, where the server forgets what it has not flushed; the proven level is stated (state-level.test.ts)", () => {});
  test.skip("F28 F29 F30 F31 F32 F45 three servers that stop, part, roll or all die: not shown; a leader that dies is (F27, nats-queue.test.ts)", () => {});
  test.skip("F33 followers that lag behind a dedupe window: no message ids are relied on, and old servers are refused more than one replica (nats.test.ts)", () => {});
  test.skip("F36 stale reads: records are read from the leader alone; in simulation replicas are not", () => {});
  test.skip("F38 a disk that another fills: needs a file system of its own", () => {});
  test.skip("F40 permissions that are taken away while agents work: not shown", () => {});
  test.skip("F46 F49 slow and lossy links, twenty nodes that come back at once: need a network of their own", () => {});
  test.skip("F47 a connection that is open and silent: of the transport (nats-faults.test.ts)", () => {});
});
