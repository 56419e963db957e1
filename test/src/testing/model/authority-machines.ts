import type { approvalMachine } from "../../../../machines/index.ts";
import { type ActorAddress, approval } from "../../../../protocols/index.ts";
import type { PathsOptions } from "../../../../src/testing/model/index.ts";

/** What the machines of gates, ladders and monitors need to be gone through. */
const request = { summary: "drop the table", hash: "abc", deciders: ["ann", "ben"], withinMs: 60_000 };
const decided = { by: "ann", hash: "abc", reason: "" };

export const approvalOptions: PathsOptions<typeof approvalMachine> = {
  protocol: approval,
  input: { id: "t-1" },
  payloads: {
    open: [
      { ...request, otherwise: "refuse", reportTo: "delegation.t-1" as ActorAddress },
      { ...request, otherwise: "approve" },
    ],
    decide: [
      { ...decided, approve: true },
      { ...decided, approve: false },
      { ...decided, approve: true, hash: "xyz" },
    ],
  },
  outputs: { now: [1_000] },
};
