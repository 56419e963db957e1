import { pathsOf } from "coxswain/testing";
import { describe, expect, test } from "vitest";
import { counter, counterMachine as machine } from "../../support/counter.ts";

// README's lines for testing a machine, on a counter.
const paths = pathsOf(machine, { protocol: counter });

describe("a user's machine", () => {
  for (const path of paths) test(path.name, () => path.run());

  test("has paths that reach all its states", () => {
    const states = paths.flatMap(({ steps }) => steps.map(({ state }) => state.snapshot.value));
    expect(new Set(states)).toEqual(new Set(["open", "locked"]));
  });
});
