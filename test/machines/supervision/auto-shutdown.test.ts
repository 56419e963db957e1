import { describe, expect, test } from "vitest";
import { shutsDown } from "../../../machines/supervision/auto-shutdown.ts";
import type { ActorAddress, ActorOutcome, SupervisorFlagsInput } from "../../../protocols/index.ts";
import { boom, Rehearsal } from "../../support/rehearsal.ts";

test.each([
  ["never", true, 0, false],
  ["never", false, 0, false],
  ["any_significant", true, 3, true],
  ["any_significant", false, 3, false],
  ["all_significant", true, 1, false],
  ["all_significant", true, 0, true],
  ["all_significant", false, 0, false],
] as const)("autoShutdown %s, significant %s, %i others left: %s", (auto, significant, left, stops) => {
  expect(shutsDown(auto, significant, left)).toBe(stops);
});

describe("an auto-shutdown", () => {
  const significant = { restart: "transient", significant: true } as const;
  const shop = (flags: SupervisorFlagsInput, ids: string, kind: object): Rehearsal => {
    const children = [...ids].map((id) => ({ id, actor: "clerk", ...kind }));
    return new Rehearsal({ self: "shop" as ActorAddress, flags, children }).carryOut();
  };
  const fail = (stage: Rehearsal, id: string, outcome: ActorOutcome = boom): void => {
    stage.end(`shop.${id}`, outcome);
    stage.carryOut();
  };
  const done: ActorOutcome = { kind: "done" };

  test("stops the supervisor with the first or the last significant child that ends by itself", () => {
    const any = shop({ autoShutdown: "any_significant" }, "ab", significant);
    fail(any, "a", done);
    expect([any.state, any.running.size, any.facts]).toEqual(["closed", 0, []]);
    const all = shop({ autoShutdown: "all_significant" }, "ab", significant);
    fail(all, "a", done);
    expect(all.state).toBe("supervising.idle");
    fail(all, "b", done);
    expect([all.state, all.lastWords]).toEqual(["closed", [{ type: "stop", reason: undefined }]]);
  });

  test("is not brought about by a crash that is restarted, by the operator, or as a bystander", () => {
    const stage = shop({ autoShutdown: "any_significant", strategy: "one_for_all" }, "ab", significant);
    fail(stage, "a");
    stage.ask({ type: "terminateChild", id: "b" });
    stage.carryOut();
    expect(stage.state).toBe("supervising.idle");
  });

  test("is brought about by a significant temporary child that crashes", () => {
    const temporary = { restart: "temporary", significant: true } as const;
    const stage = shop({ autoShutdown: "any_significant" }, "ab", temporary);
    fail(stage, "a");
    expect(stage.state).toBe("closed");
  });
});
