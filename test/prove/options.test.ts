import { expect, test } from "vitest";
import { help, optionsOf } from "./options.ts";

test("the options of a run are filled in, and a seed is made up", () => {
  expect(optionsOf([])).toMatchObject({
    ...{ seconds: 60, faults: undefined, nodes: 3, servers: 1, leaseMs: 3_000, gapMs: [1_000, 4_000] },
    scenarios: ["counters", "transfers", "timers", "calls"],
    seed: expect.any(Number),
  });
  expect(
    optionsOf(["--seed", "7", "--faults", "kill,pause", "--scenario", "timers", "--servers", "3"]),
  ).toMatchObject({
    ...{ seed: 7, faults: ["kill", "pause"], scenarios: ["timers"], servers: 3 },
  });
  expect(optionsOf(["--faults", "none", "--seconds", "0"])).toMatchObject({ faults: [], seconds: 0 });
});

test.each([
  [["--seconds", "soon"], 'Expected --seconds to be a whole number from 0, got "soon"'],
  [["--servers", "2"], 'Expected --servers to be 1 or 3, got "2"'],
  [["--faults", "kill,flood"], 'got "flood"'],
  [["--scenario", "none"], 'Expected --scenario of counters, transfers, timers, calls, got "none"'],
  [["--gap", "9"], 'Expected --gap of two numbers like 1000,4000, got "9"'],
  [["--fault", "kill"], "Unknown option"],
])("what does not hold is said: %j", (args, text) => {
  expect(optionsOf(args)).toContain(text);
});

test("help is asked for, and names every fault", () => {
  expect(optionsOf(["--help"])).toBeUndefined();
  expect(help).toMatch(/--seed[\s\S]*kill[\s\S]*partition/);
});
