import { expect, test } from "vitest";
import { approvalMachine } from "../../../machines/index.ts";
import { type ModelState, pathsOf } from "../../../src/testing/model/index.ts";
import { approvalOptions } from "../../src/testing/model/authority-machines.ts";

/** What is answered comes from the context, what waits is told by the state: they must never differ. */
function check({ snapshot: { value, context } }: ModelState): void {
  const { decision } = context;
  if (value === "approved" || value === "refused") expect(decision.approved).toBe(value === "approved");
  else expect(decision).toBeUndefined();
}

for (const path of pathsOf(approvalMachine, { ...approvalOptions, check })) test(path.name, () => path.run());
