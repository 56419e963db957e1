import { describe, expect, test } from "vitest";
import { reasonOf, restartDecision } from "../../../machines/supervision/restart-decision.ts";
import { type ActorOutcome, actorOutcome, restartKinds } from "../../../protocols/index.ts";

const outcomes = actorOutcome.options.map(({ shape }) => shape.kind.value);
const failures = ["failed", "killed", "lost"] as const;

describe("what becomes of a child that ended", () => {
  test("is decided for every kind of child and every outcome", () => {
    expect([...outcomes].sort()).toEqual(["done", "failed", "killed", "lost", "stopped"]);
    const grid = restartKinds.map((kind) => outcomes.map((outcome) => restartDecision(kind, outcome)));
    expect(grid.flat().every((decision) => ["restart", "keep", "forget"].includes(decision))).toBe(true);
  });

  test.each(outcomes)("a permanent child is restarted: %s", (outcome) => {
    expect(restartDecision("permanent", outcome)).toBe("restart");
  });

  test.each(failures)("a transient child is restarted after a failure: %s", (outcome) => {
    expect(restartDecision("transient", outcome)).toBe("restart");
  });

  test.each(["done", "stopped"] as const)("a transient child stays ended, its spec kept: %s", (outcome) => {
    expect(restartDecision("transient", outcome)).toBe("keep");
  });

  test.each(outcomes)("a temporary child is forgotten: %s", (outcome) => {
    expect(restartDecision("temporary", outcome)).toBe("forget");
  });
});

test.each<[ActorOutcome, string]>([
  [{ kind: "done", output: 3 }, "done"],
  [{ kind: "stopped" }, "stopped"],
  [{ kind: "stopped", reason: "over" }, "stopped: over"],
  [{ kind: "failed", error: { code: "ACTOR_FAILED", message: "boom" } }, "boom"],
  [{ kind: "killed", reason: "heap limit 128 MB" }, "killed: heap limit 128 MB"],
  [{ kind: "lost" }, "lost"],
])("the outcome %j is said as %j", (outcome, words) => {
  expect(reasonOf(outcome)).toBe(words);
});
