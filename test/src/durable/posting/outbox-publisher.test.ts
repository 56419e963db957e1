import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyOutbox, type Outbox, posted, trimmed } from "../../../../machines/durability/outbox.ts";
import { type ActorAddress, decodeBoxEntry, type Envelope } from "../../../../protocols/index.ts";
import { OutboxPublisher } from "../../../../src/durable/posting/outbox-publisher.ts";
import { type Fate, FaultyStream, readByHighWater } from "./faulty-stream.ts";
import { breathe, hostOf, message, type TestHost, until } from "./support.ts";

interface Sender {
  readonly host: TestHost;
  readonly stream: FaultyStream;
  readonly publisher: OutboxPublisher;
  readonly confirmed: number[];
  outbox: Outbox<Envelope>;
  /** Commits a turn that sends these, and publishes them. */
  turn(...sends: readonly [to: string, type: string, body?: object][]): void;
}

const clerk = "bank.clerk" as ActorAddress;

function sender(plan: readonly Fate[] = [], limits: Parameters<typeof hostOf>[1] = {}): Sender {
  const stream = new FaultyStream(plan);
  const host = hostOf(stream, limits);
  const confirmed: number[] = [];
  const publisher = new OutboxPublisher(host, clerk, (positions) => void confirmed.push(...positions));
  let turns = 0;
  const made: Sender = {
    host,
    stream,
    publisher,
    confirmed,
    outbox: emptyOutbox(1_750_000_000_000),
    turn(...sends) {
      const from = made.outbox.nextPosition;
      const all = sends.map(([to, type, body = {}]) => ({
        to,
        message: message(to, type, { from: clerk, body }),
      }));
      // So few receivers are remembered that lines begin anew.
      made.outbox = posted(trimmed(made.outbox, confirmed), all, ++turns, 2);
      publisher.publish(made.outbox.entries.filter(({ position }) => position >= from));
    },
  };
  return made;
}

const committed = (position: number, incarnation: number, seq: number) => ({
  to: "account.a",
  position,
  incarnation,
  seq,
  message: message("account.a", `m${position}`),
});

const entriesOf = ({ stream }: Sender): [firstSeq: number, count: number][] =>
  stream.attempts.map(({ payload }) => {
    const { firstSeq, messages } = decodeBoxEntry(payload);
    return [firstSeq, messages.length];
  });

describe("what a durable actor has committed", () => {
  test("is one entry a receiver where one turn sends several; what is committed meanwhile follows", async () => {
    const at = sender();
    at.turn(["account.a", "a1"], ["account.b", "b1"], ["account.a", "a2"]);
    await Promise.resolve();
    at.turn(["account.a", "a3"]);
    at.turn(["account.a", "a4"]);
    await until(at.host.env, () => at.publisher.waiting === 0);
    expect(entriesOf(at)).toEqual([
      [1, 2],
      [1, 1],
      [3, 2],
    ]);
    expect(at.confirmed.sort((x, y) => x - y)).toEqual([1, 2, 3, 4, 5]);
    const { applied } = readByHighWater(at.stream.stored);
    expect(applied).toEqual({ "account.a": ["a1", "a2", "a3", "a4"], "account.b": ["b1"] });
    expect(decodeBoxEntry(at.stream.stored[0]?.payload as Uint8Array).from).toBe(clerk);
  });

  test("stays and is tried again for ever, however often an inbox is full", async () => {
    const at = sender(Array.from({ length: 60 }, () => "full" as const));
    at.turn(["account.a", "a1"]);
    await until(at.host.env, () => at.publisher.waiting === 0);
    expect(at.stream.attempts.length).toBe(61);
    expect(at.host.env.monotonicMs()).toBeGreaterThan(60_000);
    expect(at.host.reports).toEqual([]);
  });

  test("waits for its receiver's type to be announced, and says so once", async () => {
    const at = sender();
    at.host.unannounced.add("vault");
    at.turn(["vault.gold", "v1"], ["account.a", "a1"]);
    for (let n = 0; n < 10; n++) {
      await breathe();
      at.host.env.advance(2_000);
    }
    expect(at.confirmed).toEqual([2]);
    expect(at.host.reports.map(({ message: text }) => text)).toEqual([
      "1 messages from bank.clerk to vault.gold wait: no node has announced its type",
    ]);
    at.host.unannounced.clear();
    await until(at.host.env, () => at.publisher.waiting === 0);
    expect(at.confirmed).toEqual([2, 1]);
  });

  test("that is too large to be sent holds up those behind it, not those before it, and is reported once", async () => {
    const at = sender([], { bytesMax: 4_096 });
    at.turn(["account.a", "a1"], ["account.a", "a2", { text: "x".repeat(5_000) }], ["account.a", "a3"]);
    for (let n = 0; n < 10; n++) {
      await breathe();
      at.host.env.advance(2_000);
    }
    expect(at.confirmed).toEqual([1]);
    expect(at.publisher.waiting).toBe(2);
    expect(at.host.reports).toHaveLength(1);
    expect(at.host.reports[0]?.error).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  test("is neither published nor confirmed once another owner goes on", async () => {
    const at = sender(["lostRequest"]);
    at.turn(["account.a", "a1"], ["account.b", "b1"]);
    // Both are under way, and nobody has heard of them yet.
    await Promise.resolve();
    expect(at.stream.attempts).toHaveLength(2);
    at.turn(["account.b", "b2"]);
    at.publisher.stop();
    at.turn(["account.c", "c1"]);
    for (let n = 0; n < 10; n++) {
      await breathe();
      at.host.env.advance(5_000);
    }
    expect(entriesOf(at)).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(at.confirmed).toEqual([]);
    expect(at.host.env.pendingTimers).toBe(0);
  });

  test("shares an entry only with what follows it in the same line without a gap", async () => {
    const at = sender();
    const places = [
      [1, 7],
      [1, 8],
      [2, 1],
      [2, 2],
      [2, 4],
      [3, 5],
    ] as const;
    at.publisher.publish(places.map(([incarnation, seq], i) => committed(i, incarnation, seq)));
    await until(at.host.env, () => at.publisher.waiting === 0);
    expect(entriesOf(at)).toEqual([
      [7, 2],
      [1, 2],
      [4, 1],
      [5, 1],
    ]);
  });

  test("is not published further when the owner stops as it hears of the first entry", async () => {
    const at = sender();
    const stopping: OutboxPublisher = new OutboxPublisher(at.host, clerk, () => stopping.stop());
    stopping.publish([committed(1, 1, 1), committed(2, 2, 1)]);
    await breathe();
    expect(at.stream.attempts).toHaveLength(1);
    expect(at.host.env.pendingTimers).toBe(0);
  });
});

const fate = fc.constantFrom<Fate>(
  "ok",
  "lostRequest",
  "lostAnswer",
  "late",
  "veryLate",
  "full",
  "tooLarge",
  "away",
);
const receivers = ["account.a", "account.b", "account.c", "vault.gold"];
const turns = fc.array(
  fc.record({
    sends: fc.array(fc.constantFrom(...receivers), { minLength: 1, maxLength: 80 }),
    pause: fc.nat(3),
  }),
  { minLength: 1, maxLength: 15 },
);

test("whatever the store loses, doubles, delays or refuses: each receiver applies all that was committed to it, once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { maxLength: 80 }), turns, async (fates, all) => {
      const at = sender(fates);
      const sent: Record<string, string[]> = {};
      let n = 0;
      for (const { sends, pause } of all) {
        const turn = sends.map((to): [string, string] => [to, `m${n++}`]);
        for (const [to, type] of turn) sent[to] = [...(sent[to] ?? []), type];
        at.turn(...turn);
        for (let i = 0; i < pause; i++) {
          await breathe();
          at.host.env.advance(300);
        }
      }
      await until(at.host.env, () => at.publisher.waiting === 0);
      at.stream.settle();
      expect(readByHighWater(at.stream.stored).applied).toEqual(sent);
      expect([...at.confirmed].sort((x, y) => x - y)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
    }),
    { numRuns: 100 },
  );
}, 120_000);
