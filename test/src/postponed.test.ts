import fc from "fast-check";
import { expect, test } from "vitest";
import type { Incoming } from "../../src/mailbox.ts";
import { Postponed } from "../../src/postponed.ts";

function message(type: string, id: string, deadlineMs?: number): Incoming {
  return { event: { type }, envelope: { id, deadlineMs }, rank: 0, enteredMs: 0 } as unknown as Incoming;
}
const idOf = (incoming: Incoming | undefined): string | undefined => incoming?.envelope.id;

/** By the book: after each change of state all that is held back is tried in its old order, and held back again. */
class Plain {
  held: Incoming[] = [];
  #resumed: Incoming[] = [];

  resume(): void {
    this.#resumed = [...this.held, ...this.#resumed];
    this.held = [];
  }
  next(isHeld: (type: string) => boolean): Incoming | undefined {
    for (let first = this.#resumed.shift(); first !== undefined; first = this.#resumed.shift()) {
      if (!isHeld(first.event.type)) return first;
      this.held.push(first);
    }
    return undefined;
  }
}

const types = ["a", "b", "c"];
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...types).map((type) => ({ kind: "hold" as const, type })) },
  { weight: 1, arbitrary: fc.subarray(types).map((holds) => ({ kind: "change" as const, holds })) },
  { weight: 3, arbitrary: fc.constant({ kind: "next" as const }) },
);

test("messages come in the order they would if each were tried again at every change of state", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const [plain, postponed] = [new Plain(), new Postponed()];
      let holds: readonly string[] = types;
      const state = { postpones: (type: string): boolean => holds.includes(type) };
      steps.forEach((one, n) => {
        // A state holds back only what it names, and only when all before it was tried.
        if (one.kind === "hold" && holds.includes(one.type) && !postponed.isResumed) {
          plain.held.push(message(one.type, String(n)));
          postponed.push(message(one.type, String(n)));
        } else if (one.kind === "change") {
          holds = one.holds;
          plain.resume();
          postponed.resume();
        } else if (postponed.isResumed) {
          expect(idOf(postponed.next(state))).toBe(idOf(plain.next(state.postpones)));
        }
      });
    }),
  );
});

test("a withdrawn or expired message is taken out wherever it stands", () => {
  const postponed = new Postponed();
  for (const [type, id, deadlineMs] of [
    ["a", "1"],
    ["b", "2", 50],
    ["a", "3"],
  ] as const)
    postponed.push(message(type, id, deadlineMs));
  expect(postponed.removeExpired(50)).toBeUndefined();
  expect(idOf(postponed.removeExpired(51))).toBe("2");
  expect(idOf(postponed.remove("3"))).toBe("3");
  expect(postponed.remove("3")).toBeUndefined();
  expect(postponed.resume()).toBe(true);
  expect(idOf(postponed.next(undefined))).toBe("1");
  expect([postponed.count, postponed.isResumed, postponed.resume()]).toEqual([0, false, false]);
});
