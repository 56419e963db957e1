import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Envelope, priorities } from "../../protocols/index.ts";
import { type Incoming, Mailbox, mailboxLimits } from "../../src/mailbox.ts";
import { seededRandom } from "../support/simulated-env.ts";

let count = 0;
/** On the wire 0 is the most urgent. */
const wirePriority = (priority: number): number => priorities.EMERGENCY - priority;

function message(priority: number): Incoming {
  const envelope = {
    id: `m-${count++}`,
    priority: wirePriority(priority),
    type: "work",
  } as unknown as Envelope;
  const event = { type: "work" };
  return { envelope, event, reply: undefined, json: false, zone: "main", enteredMs: 0, rank: 0 };
}

/** Ten messages come for each one that is worked on; so many percent are emergencies. */
function underTenfoldLoad(seed: number, { steps = 40_000, emergencies = 0.08 } = {}) {
  const random = seededRandom(seed);
  const mailbox = new Mailbox(mailboxLimits({}));
  const came = new Map<Incoming, number>();
  const waits: Record<number, number[]> = { 1: [], 2: [], 3: [], 4: [], 5: [] };
  const refused: Record<number, number> = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 };
  for (let step = 0; step < steps; step++) {
    for (let n = 0; n < 10; n++) {
      const priority = random() * 100 < emergencies ? 5 : 1 + Math.floor(random() * 4);
      const incoming = message(priority);
      came.set(incoming, step);
      const evicted = mailbox.enter(incoming);
      if (evicted === undefined) continue;
      const at = 5 - (evicted.envelope.priority ?? 2);
      refused[at] = (refused[at] ?? 0) + 1;
      came.delete(evicted);
    }
    const served = mailbox.next() as Incoming;
    waits[5 - (served.envelope.priority ?? 2)]?.push(step - (came.get(served) as number));
    came.delete(served);
  }
  return { waits, refused };
}

function quantile(values: readonly number[] | undefined, part: number): number {
  const sorted = (values ?? []).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? Number.POSITIVE_INFINITY;
}

describe("row 2: under ten times the load that can be worked on", () => {
  test("EMERGENCY waits for less than one step in 99 of 100 cases, and is not refused for lack of room", () => {
    for (const seed of [1, 2, 3]) {
      const { waits, refused } = underTenfoldLoad(seed);
      expect(waits[5]?.length).toBeGreaterThan(200);
      expect(quantile(waits[5], 0.99)).toBeLessThan(1);
      expect(refused[5]).toBe(0);
    }
  });

  test("LOW still makes progress: some of it is worked on, and what has a place waits for a bounded number of steps", () => {
    for (const seed of [1, 2, 3]) {
      const { waits } = underTenfoldLoad(seed);
      expect(waits[1]?.length).toBeGreaterThan(100);
      // A thousand that wait before it, and four times 64 that may overtake it.
      expect(Math.max(...(waits[1] ?? []))).toBeLessThanOrEqual(1_000 + 4 * 64);
    }
  });

  test("LOW waits for no more steps than stood before it and may overtake it, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(5), fc.constant("next" as const)), {
          maxLength: 400,
        }),
        fc.nat({ max: 10 }),
        (steps, overtakesMax) => {
          const mailbox = new Mailbox(mailboxLimits({ waitingMax: 1_000, overtakesMax }));
          const lows = new Map<Incoming, { readonly before: number; waited: number }>();
          const serve = (): void => {
            const served = mailbox.next();
            if (served === undefined) return;
            const low = lows.get(served);
            if (low !== undefined) expect(low.waited).toBeLessThanOrEqual(low.before + 4 * overtakesMax);
            lows.delete(served);
            for (const waiting of lows.values()) waiting.waited++;
          };
          for (const step of steps) {
            if (step === "next") serve();
            else {
              const incoming = message(step);
              if (step === priorities.LOW) lows.set(incoming, { before: mailbox.waiting, waited: 0 });
              mailbox.enter(incoming);
            }
          }
          while (mailbox.waiting > 0) serve();
        },
      ),
    );
  });

  test("a full mailbox of emergencies refuses the newest of them, and keeps no place for less urgent ones", () => {
    const mailbox = new Mailbox(mailboxLimits({ waitingMax: 3 }));
    const [low, high, first, second, third, last] = [1, 3, 5, 5, 5, 5].map(message) as [
      Incoming,
      Incoming,
      Incoming,
      Incoming,
      Incoming,
      Incoming,
    ];
    const given = [low, high, first, second, third, last, message(1)].map((one) => mailbox.enter(one));
    expect(given.slice(0, 6)).toEqual([undefined, undefined, undefined, low, high, last]);
    expect(mailbox.takeAll()).toEqual([first, second, third]);
  });
});
