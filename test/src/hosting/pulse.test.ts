import { describe, expect, test } from "vitest";
import { Pulse } from "../../../src/hosting/pulse.ts";
import { type SimulatedEnv, simulatedEnv } from "../../support/simulated-env.ts";

function beating(turnMaxMs: number): { env: SimulatedEnv; pulse: Pulse; told: string[] } {
  const env = simulatedEnv();
  const told: string[] = [];
  const pulse = new Pulse(env, {
    turnMaxMs,
    ping: () => void told.push("ping"),
    look: () => {},
    late: (reason) => void told.push(reason),
  });
  return { env, pulse, told };
}

describe("the pulse of a worker", () => {
  test("is tried once a second while nothing is awaited of it", () => {
    const { env, pulse, told } = beating(5_000);
    for (let n = 0; n < 3; n++) {
      env.advance(1_000);
      pulse.answered();
    }
    expect(told).toEqual(["ping", "ping", "ping"]);
  });

  test("is lost when a turn is not over in time, and that is said once", () => {
    const { env, pulse, told } = beating(500);
    pulse.asked();
    env.advance(499);
    expect(told).toEqual([]);
    env.advance(60);
    expect(told).toEqual(["a turn took longer than 500 ms"]);
    env.advance(5_000);
    expect(told).toHaveLength(1);
    expect(env.pendingTimers).toBe(0);
  });

  test("is lost when a heartbeat is not answered", () => {
    const { env, told } = beating(300);
    env.advance(299);
    expect(told).toEqual([]);
    env.advance(400);
    expect(told).toEqual(["ping", "a turn took longer than 300 ms"]);
  });

  test("gives each turn its own time, where a turn of the worker's own comes first", () => {
    const { env, pulse, told } = beating(500);
    pulse.begun();
    env.advance(50);
    pulse.asked();
    env.advance(400);
    pulse.answered();
    env.advance(400);
    pulse.answered();
    expect(pulse.waiting).toBe(false);
    expect(told).toEqual([]);
  });

  test("is lost when turns follow one another and let nothing else in", () => {
    const { env, pulse, told } = beating(500);
    env.advance(500);
    for (let n = 0; n < 30 && told.length < 2; n++) {
      pulse.begun();
      env.advance(100);
      pulse.answered();
    }
    expect(told).toEqual(["ping", "its turns went on without a pause for longer than 2000 ms"]);
  });

  test("does not blame the worker for the time in which this process stood still", () => {
    const { env, pulse, told } = beating(500);
    // A timer that comes 10 s late, as after a suspension.
    let now = env.monotonicMs.bind(env);
    const late = { ...env, monotonicMs: () => now() };
    const other = new Pulse(late, {
      turnMaxMs: 500,
      ping: () => {},
      look: () => {},
      late: (reason) => void told.push(reason),
    });
    other.asked();
    now = () => env.monotonicMs() + 10_000;
    env.advance(100);
    other.answered();
    env.advance(100);
    expect(told).toEqual([]);
    other.close();
    pulse.close();
    expect(env.pendingTimers).toBe(0);
  });
});
