import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBoxEntry, decodeEnvelope, encodeEnvelope } from "../../../../protocols/index.ts";
import { Posts, postLineIdleMs, postLinesMax, postsMax } from "../../../../src/durable/posting/posts.ts";
import type { Outcome } from "../../../../src/transport/transport.ts";
import { type Fate, FaultyStream, readByHighWater } from "./faulty-stream.ts";
import { breathe, hostOf, message, type TestHost, until } from "./support.ts";

interface Bench {
  readonly host: TestHost;
  readonly stream: FaultyStream;
  readonly posts: Posts;
  /** What became of each message, by its type. */
  readonly ends: Map<string, Outcome<number>>;
  post(to: string, type: string, rest?: Parameters<typeof message>[2]): ReturnType<Posts["post"]>;
}

function bench(plan: readonly Fate[] = [], limits: Parameters<typeof hostOf>[1] = {}): Bench {
  const stream = new FaultyStream(plan);
  const host = hostOf(stream, limits);
  const posts = new Posts(host, "node1");
  const ends = new Map<string, Outcome<number>>();
  const post: Bench["post"] = (to, type, rest) =>
    posts.post(message(to, type, rest), undefined, (outcome) => {
      expect(ends.has(type), `${type} is settled once`).toBe(false);
      ends.set(type, outcome);
    });
  return { host, stream, posts, ends, post };
}

const placesOf = ({ stream }: Bench): [incarnation: number, firstSeq: number, count: number][] =>
  stream.attempts.map(({ payload }) => {
    const { incarnation, firstSeq, messages } = decodeBoxEntry(payload);
    return [incarnation, firstSeq, messages.length];
  });
const kindsOf = ({ ends }: Bench): string[] =>
  [...ends].map(([type, end]) => `${type} ${end.kind === "ok" ? "ok" : end.error.code}`);

describe("messages of volatile senders", () => {
  test("to one receiver are stored in the order of the calls, those that come meanwhile together", async () => {
    const at = bench();
    for (let n = 0; n < 200; n++) at.post("account.alice", `m${n}`);
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(placesOf(at).map(([, firstSeq, count]) => [firstSeq, count])).toEqual([
      [1, 1],
      [2, 64],
      [66, 64],
      [130, 64],
      [194, 7],
    ]);
    const { applied } = readByHighWater(at.stream.stored);
    expect(applied).toEqual({ "account.alice": Array.from({ length: 200 }, (_, n) => `m${n}`) });
    expect([...at.ends.values()].every(({ kind }) => kind === "ok")).toBe(true);
  });

  test("to different receivers do not wait for each other", () => {
    const at = bench();
    at.post("account.alice", "a");
    at.post("account.bob", "b");
    expect(at.stream.stored.map(({ subject }) => subject)).toEqual([
      "cx.t.box.main_0.main.account.alice",
      "cx.t.box.main_0.main.account.bob",
    ]);
  });

  test("of another zone go into entries of their own, in the same order", async () => {
    const at = bench();
    const zones = ["main", "yard", "yard", "main"];
    for (const [n, zone] of zones.entries())
      at.posts.post(message("account.a", `m${n}`), undefined, () => {}, { zone });
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(at.stream.stored.map(({ subject }) => subject.split(".")[4])).toEqual(["main", "yard", "main"]);
    expect(readByHighWater(at.stream.stored).applied).toEqual({ "account.a": ["m0", "m1", "m2", "m3"] });
  });

  test("that are many kilobytes share an entry up to 128 KiB, and up to what the server takes", async () => {
    for (const [bytesMax, counts] of [
      [1_048_576, [1, 3, 3, 2]],
      [90_000, [1, 2, 2, 2, 2]],
    ] as const) {
      const at = bench([], { bytesMax });
      for (let n = 0; n < 9; n++) at.post("account.a", `m${n}`, { body: { text: "x".repeat(40_000) } });
      await until(at.host.env, () => at.posts.waiting === 0);
      expect(placesOf(at).map(([, , count]) => count)).toEqual(counts);
    }
  });

  test("are sent again, the same to the byte, until it is known that they are stored", async () => {
    const at = bench(["lostAnswer", "lostRequest", "throws", "away"]);
    at.post("account.a", "one");
    at.post("account.a", "two");
    await until(at.host.env, () => at.posts.waiting === 0);
    const [first, ...again] = at.stream.attempts.slice(0, 5);
    for (const attempt of again) expect(attempt).toEqual(first);
    expect(placesOf(at).map(([, firstSeq]) => firstSeq)).toEqual([1, 1, 1, 1, 1, 2]);
    expect(readByHighWater(at.stream.stored).applied).toEqual({ "account.a": ["one", "two"] });
    expect(kindsOf(at)).toEqual(["one ok", "two ok"]);
  });

  test("wait longer before each attempt, from 50 ms to 2 s", async () => {
    const at = bench(Array.from({ length: 12 }, () => "lostRequest" as const));
    at.post("account.a", "one");
    const gaps: number[] = [];
    for (let last = at.host.env.monotonicMs(); at.posts.waiting > 0; ) {
      const { length } = at.stream.attempts;
      await breathe();
      while (at.stream.attempts.length === length && at.posts.waiting > 0) at.host.env.advance(1);
      gaps.push(at.host.env.monotonicMs() - last);
      last = at.host.env.monotonicMs();
    }
    const full = [50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000];
    for (const [i, fullMs] of full.entries()) {
      expect(gaps[i]).toBeGreaterThanOrEqual(fullMs * 0.75);
      expect(gaps[i]).toBeLessThanOrEqual(fullMs + 1);
    }
  });

  test("that are rejected are refused to their senders, and leave no gap", async () => {
    const at = bench(["ok", "full"]);
    at.post("account.a", "one");
    at.post("account.a", "two");
    at.post("account.a", "three");
    await breathe();
    at.post("account.a", "four");
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(kindsOf(at)).toEqual(["one ok", "two MAILBOX_FULL", "three MAILBOX_FULL", "four ok"]);
    expect(placesOf(at).map(([, firstSeq, count]) => [firstSeq, count])).toEqual([
      [1, 1],
      [2, 2],
      [2, 1],
    ]);
    expect(readByHighWater(at.stream.stored).applied).toEqual({ "account.a": ["one", "four"] });
  });

  test("wait while the store cannot be asked, and are then stored in their order", async () => {
    const at = bench(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? "away" : "busy")));
    for (let n = 0; n < 3; n++) at.post("account.a", `m${n}`);
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(at.stream.attempts.length).toBeGreaterThan(40);
    expect(readByHighWater(at.stream.stored).applied).toEqual({ "account.a": ["m0", "m1", "m2"] });
  });

  test("that may have been stored when they are rejected are asked about again; then their places are never given to others", async () => {
    const at = bench(["ok", "veryLate", ...Array<Fate>(16).fill("full")]);
    at.post("account.a", "zero");
    await breathe();
    at.post("account.a", "one");
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(at.ends.get("one")).toMatchObject({ kind: "unknown", error: { code: "CONNECTION_LOST" } });
    expect(at.stream.attempts.length).toBe(18);
    at.post("account.a", "two");
    await breathe();
    const places = placesOf(at);
    expect(places.at(-1)?.[0]).toBeGreaterThan(places[0]?.[0] as number);
    at.stream.settle();
    expect(readByHighWater(at.stream.stored)).toEqual({
      applied: { "account.a": ["zero", "two"] },
      stale: ["one"],
    });
  });

  test("whose deadline passes before they are stored never are", async () => {
    const at = bench(["away", "away", "away"]);
    const nowMs = at.host.env.nowMs();
    at.post("account.a", "late", { deadlineMs: nowMs + 40 });
    at.post("account.a", "good", { deadlineMs: nowMs + 60_000 });
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(kindsOf(at)).toEqual(["late DEADLINE_EXCEEDED", "good ok"]);
    expect(readByHighWater(at.stream.stored).applied).toEqual({ "account.a": ["good"] });
  });

  test("are encoded when they are posted: what the sender changes later is not seen", async () => {
    const at = bench(["away"]);
    const body = { by: 1 };
    at.post("account.a", "one", { body });
    body.by = 2;
    await until(at.host.env, () => at.posts.waiting === 0);
    const [entry] = at.stream.stored;
    const [read] = decodeBoxEntry(entry?.payload as Uint8Array).messages;
    expect(decodeEnvelope(read?.frame as Uint8Array).body).toEqual({ by: 1 });
  });

  test("are not taken when too many wait, they are too large, no plain data, to nobody, or the system is closed", () => {
    const at = bench(
      Array.from({ length: postsMax }, () => "away" as const),
      { bytesMax: 4_096 },
    );
    // It would be a frame of its own, but not with an entry around it.
    const { length } = encodeEnvelope(message("account.a", "big", { body: { text: "" } }));
    const body = { text: "x".repeat(4_096 - length - 5) };
    expect(encodeEnvelope(message("account.a", "big", { body })).length).toBeLessThanOrEqual(4_096);
    expect(at.post("account.a", "big", { body })).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(at.post("account.a", "odd", { body: { at: new Date() } })).toMatchObject({
      code: "MESSAGE_INVALID",
    });
    at.host.unannounced.add("stranger");
    expect(at.post("stranger.a", "lost")).toMatchObject({ code: "ADDRESS_UNKNOWN" });
    for (let n = 0; n < postsMax; n++) expect(at.post("account.a", `m${n}`)).toBeUndefined();
    expect(at.post("account.b", "more")).toMatchObject({ code: "TRANSPORT_FULL" });
    at.posts.close();
    expect(at.post("account.a", "after")).toMatchObject({ code: "SYSTEM_CLOSED" });
    expect(at.ends.size).toBe(postsMax);
  });

  test("are settled by a close: what is on its way as unknown, the rest as not sent; nothing is sent after it", async () => {
    const at = bench(["lostAnswer", "away"]);
    at.post("account.a", "doubtful");
    at.post("account.a", "waiting");
    at.post("account.b", "away");
    await breathe();
    at.post("account.c", "under way");
    const flushed = at.posts.flush(60_000);
    at.posts.close();
    expect(kindsOf(at)).toEqual([
      "doubtful CONNECTION_LOST",
      "waiting SYSTEM_CLOSED",
      "away SYSTEM_CLOSED",
      "under way CONNECTION_LOST",
    ]);
    expect(at.ends.get("doubtful")?.kind).toBe("unknown");
    expect(at.ends.get("waiting")?.kind).toBe("rejected");
    expect(await flushed).toBe(0);
    const { length } = at.stream.attempts;
    for (let n = 0; n < 10; n++) {
      await breathe();
      at.host.env.advance(10_000);
    }
    expect(at.stream.attempts.length).toBe(length);
    expect(at.host.env.pendingTimers).toBe(0);
  });

  test("are waited for by a flush, as long as it may take", async () => {
    const at = bench(["lostRequest", "lostRequest"]);
    at.post("account.a", "one");
    const short = at.posts.flush(10);
    await breathe();
    at.host.env.advance(10);
    expect(await short).toBe(1);
    const long = at.posts.flush(60_000);
    await until(at.host.env, () => at.posts.waiting === 0);
    expect(await long).toBe(0);
    expect(await at.posts.flush(60_000)).toBe(0);
  });
});

describe("a line to a receiver", () => {
  test("that was idle for a minute begins anew, with a greater incarnation, even where the clock went back", async () => {
    const at = bench();
    let back = 0;
    const { nowMs } = at.host.env;
    at.host.env.nowMs = () => nowMs() - back;
    for (const waitMs of [0, postLineIdleMs - 1, postLineIdleMs, 10]) {
      at.host.env.advance(waitMs);
      if (waitMs === postLineIdleMs) back = 3_600_000;
      at.post("account.a", `after ${waitMs}`.replace(" ", ""));
      await breathe();
    }
    const places = placesOf(at);
    const [first, second, third, fourth] = places.map(([incarnation]) => incarnation);
    expect(places.map(([, firstSeq]) => firstSeq)).toEqual([1, 2, 1, 2]);
    expect(second).toBe(first);
    expect(third).toBe((first as number) + 1);
    expect(fourth).toBe(third);
    expect(readByHighWater(at.stream.stored).stale).toEqual([]);
  });

  test("is forgotten when it was idle for a minute, and no timer stays", async () => {
    const at = bench();
    at.post("account.a", "one");
    await breathe();
    expect(at.host.env.pendingTimers).toBe(1);
    at.host.env.advance(postLineIdleMs);
    expect(at.host.env.pendingTimers).toBe(0);
  });

  test("gives way, when there are too many, to one more, the idlest first; one that is busy does not", async () => {
    const at = bench();
    for (let n = 0; n < postLinesMax; n++) at.posts.post(message(`account.n${n}`, "m"), undefined, () => {});
    expect(at.post("account.one-more", "refused")).toMatchObject({ code: "TRANSPORT_FULL" });
    await until(at.host.env, () => at.posts.waiting === 0);
    at.post("account.one-more", "taken");
    at.post("account.n0", "anew");
    at.post("account.n9", "on");
    await breathe();
    expect(
      placesOf(at)
        .slice(-3)
        .map(([, firstSeq]) => firstSeq),
    ).toEqual([1, 1, 2]);
    expect(readByHighWater(at.stream.stored).stale).toEqual([]);
  });
});

const fate = fc.constantFrom<Fate[]>(
  "ok",
  "lostRequest",
  "lostAnswer",
  "late",
  "veryLate",
  "full",
  "tooLarge",
  "away",
  "throws",
);
const doubtful = fc
  .constantFrom<Fate[]>("lostRequest", "lostAnswer", "veryLate")
  .map((first): Fate[] => [first, ...Array<Fate>(34).fill("full")]);
const run = fc
  .tuple(fate, fc.integer({ min: 1, max: 3 }))
  .map(([each, times]) => Array<Fate>(times).fill(each));
const plan = fc
  .array(fc.oneof({ arbitrary: run, weight: 8 }, { arbitrary: doubtful, weight: 1 }), { maxLength: 40 })
  .map((runs) => runs.flat());
/** How many messages to which receiver, and whether time passes before the next. */
const bursts = fc.array(
  fc.record({
    to: fc.constantFrom("account.a", "account.b"),
    count: fc.integer({ min: 1, max: 70 }),
    pause: fc.nat(3),
  }),
  { minLength: 1, maxLength: 12 },
);

test("whatever the store loses, doubles, delays or refuses: each message is applied at most once, in order, and as its sender was told", async () => {
  const seen = { ok: 0, rejected: 0, unknown: 0, stale: 0 };
  await fc.assert(
    fc.asyncProperty(plan, bursts, async (fates, sends) => {
      const at = bench(fates);
      const posted: Record<string, string[]> = {};
      let n = 0;
      for (const { to, count, pause } of sends) {
        for (let i = 0; i < count; i++) {
          const type = `m${n++}`;
          posted[to] = [...(posted[to] ?? []), type];
          expect(at.post(to, type)).toBeUndefined();
        }
        for (let i = 0; i < pause; i++) {
          await breathe();
          at.host.env.advance(pause === 3 ? postLineIdleMs : 400);
        }
      }
      await until(at.host.env, () => at.posts.waiting === 0);
      at.stream.settle();
      const { applied, stale } = readByHighWater(at.stream.stored);
      seen.stale += stale.length;
      for (const [to, types] of Object.entries(posted)) {
        const arrived = applied[to] ?? [];
        expect(arrived).toEqual(types.filter((type) => arrived.includes(type)));
        for (const type of types) {
          const { kind } = at.ends.get(type) as Outcome<number>;
          seen[kind]++;
          if (kind !== "unknown") expect(arrived.includes(type), `${type} was ${kind}`).toBe(kind === "ok");
        }
      }
    }),
    { numRuns: 150 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, `${what} was tried`).toBeGreaterThan(0);
}, 120_000);
