import { describe, expect, test } from "vitest";
import { createActor, SimulatedClock } from "xstate";
import { deskMachine } from "../../../machines/index.ts";
import type { ActorAddress, desk, EmittedOf } from "../../../protocols/index.ts";
import { pathsOf } from "../../../src/testing/model/index.ts";
import { deskOptions } from "../../src/testing/model/authority-machines.ts";

function openDesk() {
  const clock = new SimulatedClock();
  const actor = createActor(deskMachine, { clock });
  const notices: (EmittedOf<typeof desk> & { readonly atMs: number })[] = [];
  actor.on("noticed", (notice) => void notices.push({ ...notice, atMs: clock.now() }));
  actor.start();
  let asked = 0;
  const ask = (cause: string): void => {
    const subject = `t-${++asked}`;
    const from = `escalation.${subject}` as ActorAddress;
    actor.send({ type: "ask", from, subject, cause, level: 1, reason: "failed", untilMs: 1_000 });
  };
  return { actor, clock, notices, ask };
}

describe("a desk", () => {
  test("F73: of a thousand tasks that fail within a second it tells twice, and of each cause at most once a second", () => {
    const { actor, clock, notices, ask } = openDesk();
    for (let n = 0; n < 500; n++) {
      ask("server down");
      ask("disk full");
      clock.increment(2);
    }
    clock.increment(60_000);
    const told = (of: string) =>
      notices.filter(({ cause }) => cause === of).map(({ atMs, count }) => ({ atMs, count }));
    expect(told("server down")).toEqual([
      { atMs: 0, count: 1 },
      { atMs: 1_000, count: 499 },
    ]);
    expect(told("disk full")).toEqual([{ atMs: 1_000, count: 500 }]);
    // What it does not hold it counts.
    const { asks, more } = actor.getSnapshot().context;
    expect([Object.keys(asks).length, more]).toEqual([500, 500]);
  });

  test("F73: through a long storm each cause is told once a second, in the last one too", () => {
    const { clock, notices, ask } = openDesk();
    for (let n = 0; n < 100; n++) {
      ask("server down");
      clock.increment(100);
    }
    clock.increment(60_000);
    expect(notices.map(({ atMs }) => atMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((s) => s * 1_000));
    expect(notices.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  });

  test("with too many causes at once tells of the rest together", () => {
    const { clock, notices, ask } = openDesk();
    for (let n = 0; n < 151; n++) ask(`cause ${n}`);
    clock.increment(1_000);
    expect(notices).toHaveLength(1 + 100 + 1);
    expect(notices.at(-1)).toMatchObject({ cause: "others", count: 50 });
  });
});

for (const path of pathsOf(deskMachine, deskOptions)) test(path.name, () => path.run());
