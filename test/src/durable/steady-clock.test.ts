import { expect, test } from "vitest";
import { SteadyClock } from "../../../src/durable/steady-clock.ts";
import { simulatedEnv } from "../../support/simulated-env.ts";

function clockOf(): { clock: SteadyClock; pass(ms: number): number; set(byMs: number): void } {
  const env = simulatedEnv({ nowMs: 1_000_000 });
  let offsetMs = 0;
  const clock = new SteadyClock({ ...env, nowMs: () => env.nowMs() + offsetMs });
  const pass = (ms: number): number => {
    env.advance(ms);
    return clock.nowMs();
  };
  const set = (byMs: number): void => {
    offsetMs += byMs;
  };
  return { clock, pass, set };
}

test("the wall clock goes on as it was when somebody sets it, forward or back", () => {
  for (const jumpMs of [3_600_000, -3_600_000, 5_000]) {
    const { pass, set } = clockOf();
    pass(1_000);
    set(jumpMs);
    for (let i = 0; i < 100; i++) pass(100);
    expect(pass(0)).toBe(1_011_000);
  }
});

test("what the clocks drift apart is made up for, by a ten-thousandth of the time that passes at most", () => {
  const { pass, set } = clockOf();
  set(50);
  expect(pass(100_000)).toBeCloseTo(1_100_010, 6);
  expect(pass(400_000)).toBeCloseTo(1_500_050, 6);
  expect(pass(400_000)).toBeCloseTo(1_900_050, 6);
});

test("a process that is taken off the processor while it reads its clocks does not run ahead", () => {
  const env = simulatedEnv({ nowMs: 1_000_000 });
  let reads = 0;
  const clock = new SteadyClock({
    ...env,
    monotonicMs: () => {
      // All tries but one are interrupted between the two clocks.
      if (++reads < 30 && reads !== 21) env.advance(20);
      return env.monotonicMs();
    },
  });
  env.advance(1_000);
  expect(clock.nowMs()).toBeLessThanOrEqual(env.nowMs());
  expect(clock.nowMs()).toBeGreaterThan(env.nowMs() - 1);
});
