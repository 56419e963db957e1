import { describe, expectTypeOf, test } from "vitest";
import type { Delegated } from "../../actors/index.ts";

declare const given: Delegated;

describe("what came of a delegation", () => {
  test("row 18: can be read only after it was asked whether it may be, and whether it is done", async () => {
    const { decision } = given;
    // @ts-expect-error: a refused one has no rule
    decision.rule;
    // @ts-expect-error: an accepted one has no reason
    decision.reason;
    if (decision.ok) expectTypeOf(decision.rule).toBeString();
    else expectTypeOf(decision.alternatives).toBeArray();

    const ended = await given.result();
    // @ts-expect-error: only what is done has a result
    ended.result;
    if (ended.status === "done") expectTypeOf(ended.result).toBeUnknown();
    if (ended.status === "refused") expectTypeOf(ended.decision).toEqualTypeOf<typeof decision>();
    // @ts-expect-error: what failed has none either
    if (ended.status === "failed") ended.result;
  });
});
