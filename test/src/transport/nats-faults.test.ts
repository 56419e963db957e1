import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { natsProxy } from "../../../src/testing/proxy/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import type { Transport, TransportEvent } from "../../../src/transport/transport.ts";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { bytes, eventsOf, okOf, textOf } from "./support.ts";

const waits = { timeout: 15_000, interval: 10 };
const quick = { reconnectWaitMs: 50 };
const lost = { kind: "unknown", error: { code: "CONNECTION_LOST" } };

/** A transport that is closed with its test. */
function closing<T extends Transport>(transport: T): T & AsyncDisposable {
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

async function killed(server: EmbeddedServer): Promise<void> {
  process.kill(server.pid, "SIGKILL");
  await server.exited;
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "coxswain-transport-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Stops the server and returns when each of its threads stands still; the signal alone returns earlier. */
async function frozen({ pid }: EmbeddedServer): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const threads = async (): Promise<string[]> => {
    const { stdout } = await promisify(execFile)("ps", ["-L", "-o", "stat=", "-p", String(pid)]);
    return stdout.trim().split("\n");
  };
  await expect.poll(async () => (await threads()).every((state) => state.startsWith("T")), waits).toBe(true);
}

const typesOf = (events: readonly TransportEvent[]): string[] => events.map(({ type }) => type);

describe.each(eachServerVersion)("a server %s that dies", (version) => {
  it("is back: what was published meanwhile arrives in order, as much as may wait, and subscriptions go on", async () => {
    const first = await testServer({ version });
    await using transport = closing(
      await connectNats({ servers: first.url, ...quick, waitingMaxBytes: 100_000 }),
    );
    const events = eventsOf(transport);
    const got: string[] = [];
    transport.subscribe("news.*", (delivery) => got.push(textOf(delivery)));
    expect(await transport.flush()).toMatchObject({ kind: "ok" });
    await killed(first);
    await expect.poll(() => transport.connected, waits).toBe(false);
    expect(await transport.flush()).toMatchObject(lost);

    const taken: string[] = [];
    let refused: unknown;
    for (let n = 0; refused === undefined; n++) {
      refused = transport.publish(`news.${n}`, bytes(String(n)));
      if (refused === undefined) taken.push(String(n));
    }
    expect(refused).toMatchObject({ code: "TRANSPORT_FULL", details: { bytesMax: 100_000 } });
    expect(taken.length).toBeGreaterThan(100);

    await using _second = await testServer({ version, port: first.port });
    await expect.poll(() => got.length, waits).toBe(taken.length);
    expect(got).toEqual(taken);
    expect(typesOf(events)).toEqual(["disconnected", "connected"]);
    expect(transport.publish("news.late", bytes("late"))).toBeUndefined();
    await expect.poll(() => got.at(-1), waits).toBe("late");
    expect(got.length).toBe(taken.length + 1);
  });

  it("is back with its store: a watcher misses nothing, and buckets and streams are still open", async () => {
    await using folder = await temporaryFolder();
    const storeDir = folder.path;
    const keeper = await testServer({ version, storeDir });
    const { port } = keeper;
    await using watching = closing(await connectNats({ servers: keeper.url, ...quick }));
    await using writing = closing(await connectNats({ servers: keeper.url, ...quick }));
    const bucket = okOf(await writing.store.bucket("leases"));
    const stream = okOf(
      await writing.store.stream("dead", { subjects: ["dead.>"], messagesMax: 100, bytesMax: 100_000 }),
    );
    await bucket.put("a", bytes("1"));
    await stream.append("dead.a", bytes("1"));
    const seen: string[] = [];
    const same = okOf(await watching.store.bucket("leases"));
    await same.watch(({ key, value, revision }) => {
      seen.push(`${key}${value === undefined ? "-" : textOf({ payload: value })}@${revision}`);
    });
    await killed(keeper);
    await using _again = await testServer({ version, port, storeDir });
    await expect.poll(() => writing.connected && watching.connected, waits).toBe(true);
    okOf(await bucket.put("b", bytes("1")));
    okOf(await bucket.delete("a"));
    okOf(await bucket.put("c", bytes("1")));
    await expect.poll(() => seen, waits).toEqual(["a1@1", "b1@2", "a-@3", "c1@4"]);
    expect(okOf(await stream.append("dead.a", bytes("2")))).toBe(2);
    expect(okOf(await stream.read()).map(textOf)).toEqual(["1", "2"]);
  });
});

describe.each(eachServerVersion)("a server %s that stands still", (version) => {
  it("is noticed: flush and store settle as unknown, and nothing is delivered twice when it wakes up", async () => {
    await using server = await testServer({ version, config: monitored });
    const options = { servers: server.url, ...quick, livenessMs: 600, connectTimeoutMs: 200 };
    await using one = closing(await connectNats(options));
    await using two = closing(await connectNats(options));
    const got: string[] = [];
    two.subscribe("news", (delivery) => got.push(textOf(delivery)));
    await two.flush();
    const bucket = okOf(await one.store.bucket("leases"));
    const events = eventsOf(one);
    try {
      await frozen(server);
      const subscription = one.subscribe("other", () => {});
      const outcomes = [one.flush(), bucket.put("a", bytes("1")), bucket.get("a")];
      const drained = subscription.drain();
      expect(await Promise.all(outcomes)).toMatchObject([lost, lost, lost]);
      await drained;
      expect(events).toMatchObject([{ type: "disconnected", reason: expect.stringContaining("pings") }]);
      // Nothing was asked, so this is no unknown outcome.
      expect(await bucket.put("a", bytes("1"))).toMatchObject({ kind: "rejected" });
      await expect.poll(() => two.connected, waits).toBe(false);
      // A try that got no word has ended; the client's own would live on.
      await expect
        .poll(() => events, waits)
        .toContainEqual(
          expect.objectContaining({
            type: "error",
            error: expect.objectContaining({ message: expect.stringContaining("no word from the server") }),
          }),
        );
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await expect.poll(() => one.connected && two.connected, waits).toBe(true);
    await one.flush();
    await two.flush();
    for (const text of ["1", "2", "3"]) one.publish("news", bytes(text));
    await one.flush();
    await two.flush();
    await expect.poll(() => got, waits).toEqual(["1", "2", "3"]);
    // The tries have left no connection behind.
    await expect.poll(() => connectionCount(server), waits).toBe(2);
  });

  it("takes only so many bytes from us before publish says so", async () => {
    await using server = await testServer({ version });
    const outboundMaxBytes = 2_000_000;
    await using transport = closing(
      await connectNats({ servers: server.url, ...quick, livenessMs: 60_000, outboundMaxBytes }),
    );
    try {
      await frozen(server);
      const payload = new Uint8Array(10_000);
      let refused: unknown;
      // The kernel's own buffers come first; they differ, but are smaller than this.
      for (let n = 0; n < 5_000 && refused === undefined; n++) {
        refused = transport.publish("flood", payload);
        if (n % 50 === 0) await new Promise(setImmediate);
      }
      expect(refused).toMatchObject({ code: "TRANSPORT_FULL", details: { bytesMax: outboundMaxBytes } });
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    await expect.poll(() => transport.publish("flood", bytes("x")), waits).toBeUndefined();
    expect(await transport.flush()).toMatchObject({ kind: "ok" });
  });

  it("leaves the outcome of a store call unknown after its timeout", async () => {
    await using server = await testServer({ version });
    await using transport = closing(
      await connectNats({ servers: server.url, livenessMs: 60_000, storeTimeoutMs: 200 }),
    );
    const bucket = okOf(await transport.store.bucket("leases"));
    try {
      await frozen(server);
      expect(await bucket.put("a", bytes("1"))).toMatchObject({
        kind: "unknown",
        error: { code: "STORE_FAILED" },
      });
    } finally {
      process.kill(server.pid, "SIGCONT");
    }
    // It was: the write came late.
    await expect.poll(async () => okOf(await bucket.get("a"))?.value, waits).toEqual(bytes("1"));
  });
});

const monitored = { http: "127.0.0.1:-1" };

/** Connections that the server knows of; it must run with `monitored`. */
async function connectionCount({ log }: EmbeddedServer): Promise<number> {
  const [, port] = log.flatMap((line) => /http monitor on 127\.0\.0\.1:(\d+)/.exec(line) ?? []);
  const answer = await fetch(`http://127.0.0.1:${port}/connz`);
  return ((await answer.json()) as { num_connections: number }).num_connections;
}

describe.each(eachServerVersion)("a slow reader of server %s", (version) => {
  it("is cut, is told so, and is back", async () => {
    await using server = await testServer({
      version,
      config: { write_deadline: "300ms", max_pending: 2_000_000 },
    });
    await using transport = closing(await connectNats({ servers: server.url, ...quick }));
    const events = eventsOf(transport);
    let count = 0;
    transport.subscribe("flood", () => {
      count += 1;
      if (count !== 10) return;
      const until = performance.now() + 1_500;
      while (performance.now() < until);
    });
    await transport.flush();
    const flood = new Worker(new URL("../../support/flood.ts", import.meta.url), {
      workerData: { servers: server.url, subject: "flood" },
    });
    try {
      await expect.poll(() => typesOf(events), waits).toContain("connected");
    } finally {
      flood.postMessage("stop");
      await new Promise((resolve) => flood.once("exit", resolve));
    }
    expect(events.slice(0, 3)).toMatchObject([
      { type: "disconnected" },
      { type: "error", error: { code: "TRANSPORT_SLOW" } },
      { type: "connected" },
    ]);
    const before = count;
    transport.publish("flood", bytes("x"));
    await expect.poll(() => count, waits).toBeGreaterThan(before);
  });
});

describe("a connection", () => {
  it("that is reset again and again has each subscription once in the end", async () => {
    await using server = await testServer();
    await using proxy = await natsProxy({ target: server.url });
    await using transport = closing(await connectNats({ servers: proxy.url, reconnectWaitMs: 10 }));
    const events = eventsOf(transport);
    const got: string[] = [];
    transport.subscribe("news", (delivery) => got.push(textOf(delivery)));
    for (let round = 1; round <= 5; round++) {
      await expect.poll(() => transport.connected, waits).toBe(true);
      await transport.flush();
      proxy.closeAll("reset");
      await expect
        .poll(() => typesOf(events).filter((type) => type === "connected").length, waits)
        .toBe(round);
    }
    transport.publish("news", bytes("once"));
    await transport.flush();
    expect(got).toEqual(["once"]);
    expect(events.filter(({ type }) => type === "error")).toEqual([]);
  });

  it("that we close while it is away stays closed, and tells what was lost", async () => {
    const server = await testServer();
    const transport = await connectNats({ servers: server.url, ...quick });
    const events = eventsOf(transport);
    await killed(server);
    await expect.poll(() => transport.connected, waits).toBe(false);
    transport.publish("news", bytes("1"));
    transport.publish("news", bytes("2"));
    await transport.drain();
    expect(events.at(-1)).toMatchObject({
      type: "closed",
      error: { code: "TRANSPORT_CLOSED", details: { lost: 2 } },
    });
    expect(transport.publish("news", bytes("3"))).toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  it("that may try only so often is closed with the last server's answer", async () => {
    const server = await testServer();
    const transport = await connectNats({
      servers: server.url,
      reconnectWaitMs: 10,
      reconnectAttemptsMax: 3,
    });
    const events = eventsOf(transport);
    await killed(server);
    await expect.poll(() => typesOf(events), waits).toEqual(["disconnected", "closed"]);
    expect(events.at(-1)).toMatchObject({ error: { code: "SERVER_NOT_FOUND" } });
    expect(await transport.flush()).toMatchObject({ kind: "rejected", error: { code: "TRANSPORT_CLOSED" } });
  });
});
