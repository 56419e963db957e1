import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../protocols/index.ts";
import { type Incoming, Mailbox, mailboxLimits } from "../../src/mailbox.ts";

let count = 0;
function message(priority = 2): Incoming {
  const id = `m-${count++}`;
  const envelope = { id, priority, type: "work" } as unknown as Envelope;
  return {
    envelope,
    event: { type: "work" },
    reply: undefined,
    json: false,
    zone: "main",
    enteredMs: 0,
    rank: 0,
  };
}

describe("the mailbox", () => {
  test("is first in, first out within a priority, whatever else goes on", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat({ max: 4 }), fc.constant("next" as const)), { maxLength: 400 }),
        (steps) => {
          const mailbox = new Mailbox(mailboxLimits({ waitingMax: 1_000 }));
          const entered: Incoming[] = [];
          const left: Incoming[] = [];
          for (const step of steps) {
            if (step === "next") left.push(...[mailbox.next()].filter((m) => m !== undefined));
            else {
              entered.push(message(step));
              mailbox.enter(entered.at(-1) as Incoming);
            }
          }
          left.push(...mailbox.takeAll());
          for (let priority = 0; priority < 5; priority++) {
            const of = (list: Incoming[]): unknown[] =>
              list.filter((m) => m.envelope.priority === priority).map((m) => m.envelope.id);
            expect(of(left)).toEqual(of(entered));
          }
          expect(left.length).toBe(entered.length);
        },
      ),
    );
  });

  test("lets no message be overtaken by more than overtakesMax for each step of priority: the lowest makes progress", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 600 }),
        fc.nat({ max: 20 }),
        (flood, overtakesMax) => {
          const mailbox = new Mailbox(mailboxLimits({ waitingMax: 10_000, overtakesMax }));
          const order = flood.map((priority, at) => ({ at, incoming: message(priority) }));
          for (const { incoming } of order) mailbox.enter(incoming);
          const served = mailbox.takeAll();
          const place = new Map(served.map((incoming, i) => [incoming, i]));
          for (const { at, incoming } of order) {
            const later = order.filter(
              (other) => other.at > at && (place.get(other.incoming) ?? 0) < (place.get(incoming) ?? 0),
            );
            expect(later.length).toBeLessThanOrEqual(overtakesMax * (incoming.envelope.priority ?? 2));
          }
        },
      ),
    );
  });

  test("serves the urgent first", () => {
    const mailbox = new Mailbox(mailboxLimits({}));
    const [background, urgent, normal] = [message(4), message(0), message()];
    for (const m of [background, urgent, normal]) mailbox.enter(m);
    expect([mailbox.next(), mailbox.next(), mailbox.next()]).toEqual([urgent, normal, background]);
  });

  test.each([
    ["refuse", [1, 2], 3],
    ["dropNewest", [1, 2], 3],
    ["dropOldest", [2, 3], 1],
  ] as const)("at its limit, with %s, keeps %j and gives %i back", (overflow, kept, given) => {
    const mailbox = new Mailbox(mailboxLimits({ waitingMax: 2, overflow }));
    const all = [message(), message(), message()];
    const evicted = all.map((m) => mailbox.enter(m)).at(-1);
    expect(evicted).toBe(all[given - 1]);
    expect(mailbox.waiting).toBe(2);
    expect(mailbox.takeAll()).toEqual(kept.map((n) => all[n - 1]));
  });

  test("dropOldest gives up the least urgent lane first", () => {
    const mailbox = new Mailbox(mailboxLimits({ waitingMax: 2, overflow: "dropOldest" }));
    const [urgent, background] = [message(0), message(4)];
    mailbox.enter(urgent);
    mailbox.enter(background);
    expect(mailbox.enter(message())).toBe(background);
  });

  test("holds messages back up to its limit; resumed, they come before everything else, in their old order", () => {
    const mailbox = new Mailbox(mailboxLimits({ postponedMax: 2 }));
    const [one, two, three, urgent] = [message(), message(), message(), message(0)];
    expect([one, two, three].map((m) => mailbox.postpone(m))).toEqual([true, true, false]);
    mailbox.enter(urgent);
    expect([mailbox.waiting, mailbox.postponed]).toEqual([1, 2]);
    expect(mailbox.resume()).toBe(true);
    expect(mailbox.takeAll()).toEqual([one, two, urgent]);
    expect(mailbox.resume()).toBe(false);
  });

  test("takes a waiting message out by its id", () => {
    const mailbox = new Mailbox(mailboxLimits({}));
    const all = [message(), message(), message()];
    for (const m of all) mailbox.enter(m);
    expect(mailbox.remove(all[1]?.envelope.id ?? "")).toBe(all[1]);
    expect(mailbox.remove("gone")).toBeUndefined();
    expect(mailbox.takeAll()).toEqual([all[0], all[2]]);
  });

  test("limits out of range are refused, quoting what came", () => {
    expect(() => mailboxLimits({ waitingMax: 0 })).toThrow(/waitingMax.*got 0/);
    expect(() => mailboxLimits({ overflow: "explode" as never })).toThrow(/explode/);
  });
});
