import { expect, it } from "vitest";
import type {
  ConsumeOptions,
  Consumption,
  QueueEntry,
  Stream,
  StreamOptions,
} from "../../../src/transport/transport.ts";
import { bytes, eventsOf, type MakePair, okOf, type Pair, textOf, unique } from "./support.ts";

const waits = { timeout: 15_000, interval: 5 };
const limits = { kind: "queue", messagesMax: 1_000, bytesMax: 1_000_000 } as const;
const full = { kind: "rejected", error: { code: "MAILBOX_FULL" } };
const storeFull = { kind: "rejected", error: { code: "STORE_FULL" } };

/** A queue over `<name>.>`, opened from both sides. */
async function openQueue(
  pair: Pair,
  more: Partial<StreamOptions> = {},
): Promise<{ name: string; one: Stream; two: Stream }> {
  const name = unique("queue");
  const options = { subjects: [`${name}.>`], ...limits, ...more };
  const one = okOf(await pair.one.store.stream(name, options));
  return { name, one, two: okOf(await pair.two.store.stream(name, options)) };
}

/** Consumes, and keeps what comes. */
async function taking(
  stream: Stream,
  options: Partial<ConsumeOptions> & { readonly subject: string },
  handler: (entry: QueueEntry) => void = () => {},
): Promise<{ got: QueueEntry[]; texts: () => string[]; consumption: Consumption }> {
  const got: QueueEntry[] = [];
  const usual = { name: "crew", ackWaitMs: 30_000, unacknowledgedMax: 100 };
  const consumption = okOf(
    await stream.consume({ ...usual, ...options }, (entry) => {
      got.push(entry);
      handler(entry);
    }),
  );
  return { got, texts: () => got.map(textOf), consumption };
}

const countTo = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n + 1));
const acknowledge = (entry: QueueEntry): void => entry.acknowledge();

async function appendAll(stream: Stream, subject: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) okOf(await stream.append(subject, bytes(text)));
}

/** What every queue does alike. */
export function queueContract(makePair: MakePair): void {
  consumeContract(makePair);
  takeOverContract(makePair);
  limitContract(makePair);
  misuseContract(makePair);
}

function consumeContract(makePair: MakePair): void {
  it("entries wait, come in order with what follows them, and go when they are acknowledged", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    await appendAll(one, `${name}.a`, ["1", "2"]);
    pair.one.publish(`${name}.b`, bytes("3"));
    await pair.one.flush();
    const before = Date.now();
    const { got, texts } = await taking(two, { subject: `${name}.>` }, acknowledge);
    await appendAll(one, `${name}.a`, ["4", "5"]);
    await expect.poll(texts, waits).toEqual(["1", "2", "3", "4", "5"]);
    await expect.poll(async () => okOf(await one.count()), waits).toBe(0);
    expect(got.map(({ sequence, subject }) => `${sequence} ${subject}`)).toEqual([
      `1 ${name}.a`,
      `2 ${name}.a`,
      `3 ${name}.b`,
      `4 ${name}.a`,
      `5 ${name}.a`,
    ]);
    for (const { storedAtMs } of got) expect(Math.abs(storedAtMs - before)).toBeLessThan(60_000);
    got[0]?.acknowledge();
    expect(okOf(await one.append(`${name}.a`, bytes("6")))).toBe(6);
  });

  it("of many entries each comes once, in order", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair, { messagesMax: 10_000 });
    const { texts } = await taking(two, { subject: `${name}.>` }, acknowledge);
    const sent = countTo(3_000);
    await Promise.all(sent.map((text) => one.append(`${name}.${Number(text) % 7}`, bytes(text))));
    await expect.poll(() => texts().length, waits).toBe(sent.length);
    expect(texts()).toEqual(sent);
    await expect.poll(async () => okOf(await one.count()), waits).toBe(0);
  });

  it("an entry that is not acknowledged comes again, and again, until it is", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    await appendAll(one, `${name}.a`, ["kept", "taken"]);
    const { texts, got } = await taking(two, { subject: `${name}.>`, ackWaitMs: 100 }, (entry) => {
      if (textOf(entry) === "taken") entry.acknowledge();
    });
    await expect.poll(() => texts().length, waits).toBeGreaterThanOrEqual(4);
    expect(texts().slice(0, 4)).toEqual(["kept", "taken", "kept", "kept"]);
    expect(new Set(got.map(({ sequence }) => sequence))).toEqual(new Set([1, 2]));
    got[0]?.acknowledge();
    await expect.poll(async () => okOf(await one.count()), waits).toBe(0);
    expect(texts().filter((text) => text === "taken")).toHaveLength(1);
  });

  it("no more are out at once than may be unacknowledged", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    await appendAll(one, `${name}.a`, countTo(10));
    let acknowledged = 0;
    let outMax = 0;
    const { got, texts } = await taking(two, { subject: `${name}.>`, unacknowledgedMax: 3 }, () => {
      outMax = Math.max(outMax, got.length - acknowledged);
    });
    await expect.poll(() => got.length, waits).toBe(3);
    await two.count();
    expect(texts()).toEqual(["1", "2", "3"]);
    for (let n = 0; n < 10; n++) {
      await expect.poll(() => got.length, waits).toBeGreaterThan(n);
      acknowledged += 1;
      got[n]?.acknowledge();
    }
    await expect.poll(async () => okOf(await one.count()), waits).toBe(0);
    expect(texts()).toEqual(countTo(10));
    expect(outMax).toBe(3);
  });

  it("consumers of different subjects each get their own", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    const first = await taking(one, { name: "first", subject: `${name}.a.*` }, acknowledge);
    const second = await taking(two, { name: "first-2", subject: `${name}.b.>` }, acknowledge);
    await appendAll(one, `${name}.a.x`, ["1"]);
    await appendAll(one, `${name}.b.x`, ["2"]);
    await appendAll(one, `${name}.c.x`, ["3"]);
    await appendAll(one, `${name}.a.y`, ["4"]);
    await expect.poll(first.texts, waits).toEqual(["1", "4"]);
    await expect.poll(second.texts, waits).toEqual(["2"]);
    await expect.poll(async () => okOf(await one.read()).map(textOf), waits).toEqual(["3"]);
  });

  it("to read takes nothing", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    await appendAll(one, `${name}.a`, ["1", "2", "3"]);
    await appendAll(one, `${name}.b`, ["4"]);
    await one.delete(2);
    expect(okOf(await two.read()).map(({ sequence }) => sequence)).toEqual([1, 3, 4]);
    expect(okOf(await two.read({ fromSequence: 2, limit: 1 })).map(textOf)).toEqual(["3"]);
    const [only, ...others] = okOf(await two.read({ subject: `${name}.b` }));
    expect(only).toMatchObject({ sequence: 4, subject: `${name}.b`, payload: bytes("4") });
    expect(others).toEqual([]);
    expect(Math.abs((only?.storedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
    const { texts } = await taking(two, { subject: `${name}.>` });
    await expect.poll(texts, waits).toEqual(["1", "3", "4"]);
  });

  it("a handler that throws is reported, and goes on; what it does to a payload is its own affair", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    await appendAll(one, `${name}.a`, ["1", "2"]);
    const events = eventsOf(pair.two);
    const seen: string[] = [];
    await taking(two, { subject: `${name}.>`, ackWaitMs: 200 }, (entry) => {
      seen.push(textOf(entry));
      entry.payload.fill(0);
      throw new Error("no");
    });
    await expect.poll(() => seen.slice(0, 4), waits).toEqual(["1", "2", "1", "2"]);
    expect(events[0]).toMatchObject({ type: "error", subject: `${name}.a`, error: { code: "ACTOR_FAILED" } });
  });
}

function takeOverContract(makePair: MakePair): void {
  it("who takes it over gets all that is not acknowledged, in order; the former one nothing, and its late word counts for nothing", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    const former = await taking(one, { subject: `${name}.>` });
    await appendAll(one, `${name}.a`, countTo(5));
    await expect.poll(former.texts, waits).toEqual(countTo(5));
    former.got[1]?.acknowledge();
    await expect.poll(async () => okOf(await one.count()), waits).toBe(4);
    const next = await taking(two, { subject: `${name}.>` });
    await expect.poll(next.texts, waits).toEqual(["1", "3", "4", "5"]);
    for (const entry of former.got) entry.acknowledge();
    await pair.one.flush();
    await appendAll(one, `${name}.a`, ["6"]);
    await expect.poll(next.texts, waits).toEqual(["1", "3", "4", "5", "6"]);
    expect(okOf(await one.count())).toBe(5);
    await expect(former.consumption.ended).resolves.toBe("taken");
    expect(former.texts()).toEqual(countTo(5));
    for (const entry of next.got) entry.acknowledge();
    await expect.poll(async () => okOf(await one.count()), waits).toBe(0);
  });

  it("of many who take it at once one has it in the end", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    const subject = `${name}.>`;
    const consumers = await Promise.all(
      [1, 2, 3, 4].map((n) => taking(n % 2 === 0 ? one : two, { subject })),
    );
    const open = new Set(consumers);
    for (const each of consumers) {
      void each.consumption.ended.then((how) => {
        if (how === "taken") open.delete(each);
      });
    }
    await expect.poll(() => open.size, waits).toBe(1);
    await appendAll(one, `${name}.a`, ["1", "2"]);
    const [last] = open;
    await expect.poll(() => last?.texts(), waits).toEqual(["1", "2"]);
    for (const each of consumers) if (each !== last) expect(each.got).toEqual([]);
  });

  it("one that is closed gets nothing more and leaves the rest to the next, but what it still acknowledges counts", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    const former = await taking(one, { subject: `${name}.>` });
    await appendAll(one, `${name}.a`, ["1", "2"]);
    await expect.poll(former.texts, waits).toEqual(["1", "2"]);
    former.consumption.close();
    await expect(former.consumption.ended).resolves.toBe("closed");
    former.got[0]?.acknowledge();
    await expect.poll(async () => okOf(await one.count()), waits).toBe(1);
    await appendAll(one, `${name}.a`, ["3"]);
    const next = await taking(two, { subject: `${name}.>` });
    await expect.poll(next.texts, waits).toEqual(["2", "3"]);
    expect(former.texts()).toEqual(["1", "2"]);
    await pair.two.close();
    await expect(next.consumption.ended).resolves.toBe("closed");
  });

  it("what nobody consumes may have a new pattern under the old name", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    (await taking(one, { subject: `${name}.>` })).consumption.close();
    const narrower = await taking(two, { subject: `${name}.a` }, acknowledge);
    await appendAll(one, `${name}.b`, ["1"]);
    await appendAll(one, `${name}.a`, ["2"]);
    await expect.poll(narrower.texts, waits).toEqual(["2"]);
  });
}

function limitContract(makePair: MakePair): void {
  it("a subject at its limit refuses while others are served, and takes again after an acknowledgement", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair, { subjectMessagesMax: 2 });
    await appendAll(one, `${name}.busy`, ["1", "2"]);
    expect(await one.append(`${name}.busy`, bytes("3"))).toMatchObject(full);
    expect(await two.append(`${name}.busy`, bytes("3"))).toMatchObject(full);
    await appendAll(one, `${name}.idle`, ["4"]);
    const { got, texts } = await taking(two, { subject: `${name}.>` });
    await expect.poll(texts, waits).toEqual(["1", "2", "4"]);
    expect(await one.append(`${name}.busy`, bytes("3"))).toMatchObject(full);
    got[0]?.acknowledge();
    await expect.poll(async () => (await one.append(`${name}.busy`, bytes("5"))).kind, waits).toBe("ok");
    expect(await one.append(`${name}.busy`, bytes("6"))).toMatchObject(full);
    await expect.poll(texts, waits).toEqual(["1", "2", "4", "5"]);
  });

  it("a full queue refuses and keeps what it has, and takes again after an acknowledgement", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair, { messagesMax: 3 });
    await appendAll(one, `${name}.a`, countTo(3));
    expect(await one.append(`${name}.b`, bytes("4"))).toMatchObject(storeFull);
    const { got, texts } = await taking(two, { subject: `${name}.>` });
    await expect.poll(texts, waits).toEqual(countTo(3));
    got[2]?.acknowledge();
    await expect.poll(async () => (await one.append(`${name}.b`, bytes("5"))).kind, waits).toBe("ok");
    await expect.poll(texts, waits).toEqual(["1", "2", "3", "5"]);
  });

  it("a queue with as many bytes as it may have refuses more", async () => {
    await using pair = await makePair();
    const { name, one } = await openQueue(pair, { bytesMax: 5_000 });
    for (let n = 0; n < 4; n++) okOf(await one.append(`${name}.a`, new Uint8Array(1_000)));
    expect(await one.append(`${name}.a`, new Uint8Array(1_000))).toMatchObject(storeFull);
    expect(await one.append(`${name}.a`, new Uint8Array(10))).toMatchObject({ kind: "ok" });
    expect(okOf(await one.count())).toBe(5);
  });
}

function misuseContract(makePair: MakePair): void {
  const failed = { kind: "rejected", error: { code: "STORE_FAILED" } };
  const invalid = { kind: "rejected", error: { code: "OPTION_INVALID" } };
  const usual = { name: "crew", ackWaitMs: 1_000, unacknowledgedMax: 10 };

  it("a log has no consumers, and is not opened as a queue, nor a queue as a log", async () => {
    await using pair = await makePair();
    const name = unique("log");
    const log = { subjects: [`${name}.>`], messagesMax: 10, bytesMax: 10_000 };
    const stream = okOf(await pair.one.store.stream(name, log));
    expect(await stream.consume({ ...usual, subject: `${name}.>` }, () => {})).toMatchObject(failed);
    expect(await pair.two.store.stream(name, { ...log, kind: "queue" })).toMatchObject(failed);
    const queue = await openQueue(pair);
    expect(
      await pair.two.store.stream(queue.name, { ...limits, subjects: [`${queue.name}.>`], kind: "log" }),
    ).toMatchObject(failed);
  });

  // Servers before 2.10 let a wider one pass.
  it("a pattern of another consumer, or one within it, is refused, and the other one goes on", async () => {
    await using pair = await makePair();
    const { name, one, two } = await openQueue(pair);
    const first = await taking(one, { name: "first", subject: `${name}.a.*` });
    for (const subject of [`${name}.a.*`, `${name}.a.b`]) {
      expect(await two.consume({ ...usual, name: "second", subject }, () => {})).toMatchObject(failed);
    }
    await appendAll(two, `${name}.a.b`, ["1"]);
    await expect.poll(first.texts, waits).toEqual(["1"]);
  });

  it.each([
    { name: "" },
    { name: "a.b" },
    { subject: "a..b" },
    { ackWaitMs: 0 },
    { ackWaitMs: 1.5 },
    { unacknowledgedMax: 0 },
  ])("to consume with %j is refused", async (wrong) => {
    await using pair = await makePair();
    const { name, one } = await openQueue(pair);
    expect(await one.consume({ ...usual, subject: `${name}.>`, ...wrong }, () => {})).toMatchObject(invalid);
  });

  it("a limit for each subject is a whole number", async () => {
    await using pair = await makePair();
    const name = unique("odd");
    const options = { ...limits, subjects: [`${name}.>`] };
    for (const wrong of [{ subjectMessagesMax: 0 }, { kind: "heap" as "log" }] as const) {
      expect(await pair.one.store.stream(name, { ...options, ...wrong })).toMatchObject(invalid);
    }
  });
}
