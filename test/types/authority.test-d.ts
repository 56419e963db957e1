import { expectTypeOf, test } from "vitest";
import { authority } from "../../machines/index.ts";
import type { Decision, DelegationResult } from "../../protocols/index.ts";

declare const decision: Decision;
declare const ended: DelegationResult;

test("row 18: what only an accepted delegation has is read only after asking whether it is one", () => {
  // @ts-expect-error a refusal has no rule
  decision.rule;
  // @ts-expect-error a refusal has no impact on the target's work
  decision.workloadImpact;
  // @ts-expect-error an accepted one has no reason
  decision.reason;
  if (decision.ok) expectTypeOf(decision.rule).toEqualTypeOf<string>();
  else expectTypeOf(decision.reason).toEqualTypeOf<string>();
});

test("row 18: a result is read only after success", () => {
  // @ts-expect-error whoever was refused has no result
  ended.result;
  if (ended.status === "done") expectTypeOf(ended.result).toEqualTypeOf<unknown>();
});

test("row 3: a rule takes known keys and resources alone", () => {
  const rule = { name: "r", from: "A", to: "B", tasks: ["x"] };
  authority.defineRule({ ...rule, limits: { cpu: 1, memory: "20_GB", time: "2_hours" } });
  // @ts-expect-error an unknown key
  authority.defineRule({ ...rule, approvals: true });
  // @ts-expect-error an unknown resource
  authority.defineRule({ ...rule, limits: { gpu: 1 } });
});
