import { describe, expect, test } from "vitest";
import type { TeamResult } from "../../src/testing/team/index.ts";
import { checkNarrowing, checkSpending, type GrantBug } from "./grants-team.ts";

describe("a book of grants", () => {
  test("S4 keeps authority from growing along any chain, whatever is asked for and revoked, and when", () => {
    const { verdict, story, states } = checkNarrowing();
    expect(verdict, story).toBe("holds");
    expect(states).toBeGreaterThan(500);
  });

  test("C12 keeps two who spend from more than they and their parent have, whatever comes twice, crashes or is revoked", () => {
    const { verdict, story, states } = checkSpending();
    expect(verdict, story).toBe("holds");
    expect(states).toBeGreaterThan(1_000);
  });

  test.each<[GrantBug, (bug: GrantBug) => TeamResult, string]>([
    ["believes what a child asks for", checkNarrowing, "authority never grows along a chain"],
    [
      "takes from the child alone",
      checkSpending,
      "all children together come to no more than their parent has",
    ],
    ["takes nothing", checkSpending, "all children together come to no more than their parent has"],
    ["gives all back", checkSpending, "no child comes to more than it has"],
    ["settles as often as it is told", checkSpending, "no child comes to more than it has"],
    ["spends what is over", checkSpending, "nothing is taken under what was revoked"],
  ])("that %s is found out", (bug, check, property) => {
    const { violation, story } = check(bug);
    expect(violation?.name, story).toBe(property);
  });
});
