import type { grantsMachine } from "../../../machines/index.ts";
import { actorAddress, type GrantTerms, grants } from "../../../protocols/index.ts";
import type { PathsOptions } from "../../../src/testing/model/index.ts";

/** Terms of a grant that desk holds, for crew. */
export function terms(more: Partial<GrantTerms> = {}): GrantTerms {
  return {
    holder: actorAddress("desk"),
    audience: [actorAddress("crew")],
    operations: ["work.work"],
    tools: ["search"],
    budget: { tokens: 100 },
    depth: 3,
    untilMs: 2_000,
    ...more,
  };
}

/** What the machine of a book needs to be gone through. */
export const grantsOptions: PathsOptions<typeof grantsMachine> = {
  protocol: grants,
  // One that waits is as many as may: so both are seen.
  input: { root: "t1", limits: { waitingMax: 1 } },
  payloads: {
    issue: [{ id: "root", by: actorAddress("desk"), terms: terms() }],
    check: [{ id: "root" }],
    spend: [{ id: "root", reservation: "r1", at: { tokens: 60 } }],
    settle: [{ reservation: "r1", came: { tokens: 10 } }],
    revoke: [{ id: "root", reason: "over" }],
  },
  outputs: { now: [1_000], seal: [["c1.token"]] },
};
