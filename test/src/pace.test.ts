import { expect, test } from "vitest";
import { Pace } from "../../src/pace.ts";

/** A clock that stands still between pieces of work, and an event loop that is turned by hand. */
function loop() {
  const clock = { nowMs: 0 };
  let soon: (() => void)[] = [];
  const env = {
    nowMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    setTimer: () => ({ cancel: () => {} }),
    soon: (run: () => void) => void soon.push(run),
    random: () => 0,
    uniqueId: () => "id",
  };
  const turn = (): void => {
    const due = soon;
    soon = [];
    for (const run of due) run();
  };
  return { pace: new Pace(env), clock, turn, pending: () => soon.length };
}

test("work is done at once while there is time, and then in its order, a slice in each turn of the event loop", () => {
  const { pace, clock, turn } = loop();
  const done: number[] = [];
  for (let i = 0; i < 12; i++) {
    pace.run(() => {
      done.push(i);
      clock.nowMs += 3;
    });
  }
  expect(done).toEqual([0, 1, 2, 3]);
  turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  turn();
  expect(done).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

test("work that makes work, one after another, lets the event loop turn too", () => {
  const { pace, clock, turn } = loop();
  let left = 10;
  const step = (): void => {
    clock.nowMs += 4;
    if (--left > 0) pace.run(step);
  };
  pace.run(step);
  expect(left).toBe(7);
  turn();
  expect(left).toBe(4);
});

test("each turn of the event loop has its own time, and nothing is left to run when all is done", () => {
  const { pace, clock, turn, pending } = loop();
  let count = 0;
  pace.run(() => {
    count++;
    clock.nowMs += 50;
  });
  turn();
  expect(pending()).toBe(0);
  pace.run(() => {
    count++;
  });
  expect(count).toBe(2);
  turn();
  expect(pending()).toBe(0);
});
