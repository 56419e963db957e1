import type { DelegationInput, Gathered } from "../../../machines/delegation/delegation-context.ts";
import type { delegationMachine } from "../../../machines/index.ts";
import {
  type Accepted,
  type ActorAddress,
  CoxswainError,
  type Decision,
  delegationRequest,
  type MessageId,
  type Refused,
  type ReplyTo,
} from "../../../protocols/index.ts";
import type { PathsOptions } from "../../../src/testing/model/index.ts";

export const [desk, crew] = ["desk", "crew.bow"] as ActorAddress[] as [ActorAddress, ActorAddress];
export const atMs = 1_000_000;

export const request = delegationRequest.parse({
  from: desk,
  to: crew,
  task: { type: "data_validation", payload: { file: "a" } },
  resources: { memory: 2 },
});

export const input: DelegationInput = {
  self: "delegation.d1" as ActorAddress,
  lastsMaxMs: 60_000,
  answerWithinMs: 1_000,
  keptMs: 3_600_000,
  approvalWithinMs: 30_000,
  approvalOtherwise: "refuse",
  deciders: [],
  levelWaitMs: 900_000,
  waitersMax: 3,
};

export const accepted: Accepted = {
  ok: true,
  rule: "manager to coordinator",
  rulesVersion: 1,
  workloadImpact: { before: 0, after: 1, capacity: 2, utilisation: 0.5 },
  governance: [],
  approval: { required: false },
  monitoringRequired: false,
  qualityValidationRequired: true,
  limits: { memory: 4, time: 10_000 },
};

export const forApproval: Accepted = { ...accepted, approval: { required: true } };

export const noRule: Refused = {
  ok: false,
  check: "rule",
  reason: "No rule lets it",
  requiresEscalation: true,
  escalationPath: ["stage_coordinator", "pipeline_manager"],
  alternatives: [],
  violations: [],
  nearest: [],
};

export const overloaded: Refused = {
  ...noRule,
  check: "capacity",
  reason: "No place",
  requiresEscalation: false,
  escalationPath: [],
};

/** What was looked up for a decision. */
export function gathered(decision: Decision, atNowMs = atMs): Gathered {
  const load = { capacity: 2, inFlight: 0, held: {}, throughput: 0, oldestMs: 0 };
  return {
    situation: {
      atMs: atNowMs,
      rules: { version: 1, hash: "r" },
      load,
      measured: {},
      alternatives: [{ address: "crew.stern" as ActorAddress, free: 1, fit: 0.8 }],
    },
    decision,
    path: ["data_engineering_lead"],
    hash: "h1",
  };
}

export function asker(name: string): ReplyTo<never> {
  return { $replyTo: name, question: `q-${name}` as MessageId };
}

const load = { capacity: 2, inFlight: 2, held: {}, throughput: 0, oldestMs: 0 };
/** What the target's book may say. */
export const bookSays = {
  yes: { ok: true, load },
  full: { ok: false, by: "capacity", load },
  tooMuch: {
    ok: false,
    by: "limits",
    violations: [{ resource: "memory", requested: 2, remaining: 1 }],
    load,
  },
} as const;

const gate = "approval.d1";
const ladder = "escalation.d1";

/** With whoever may have sent them: what a protocol alone does not make up. */
export const delegationOptions: PathsOptions<typeof delegationMachine> = {
  input,
  payloads: {
    delegate: [
      { ...request, sender: desk, replyTo: asker("desk") },
      { ...request, sender: "somebody", replyTo: asker("forger") },
      { ...request },
    ],
    result: [{ replyTo: asker("waiter") }, {}],
    status: [{ replyTo: asker("watcher") }],
    revoke: [
      { reason: "changed my mind", sender: desk },
      { reason: "by script" },
      { reason: "not mine", sender: "somebody" },
    ],
    approvalDecided: [true, false].flatMap((approved) => [
      { id: "d1", hash: "h1", approved, by: "ada", reason: "", sender: gate },
      { id: "d1", hash: "h2", approved, by: "ada", reason: "", sender: gate },
      { id: "d1", hash: "h1", approved, by: "eve", reason: "", sender: "somebody" },
    ]),
    escalationSettled: [
      { id: "d1", subject: "d1", state: "resolved", by: "ada", reason: "", sender: ladder },
      { id: "d1", subject: "d1", state: "resolved", by: "eve", reason: "", sender: "somebody" },
    ],
    deadline: () => [],
  },
  outputs: {
    gather: [
      gathered(accepted),
      gathered(forApproval),
      gathered(noRule),
      gathered(overloaded),
      { ...gathered(accepted), grantUntilMs: atMs - 1 },
    ],
    reserve: Object.values(bookSays),
    issue: [{ token: "t" }],
    work: [{ result: { rows: 3 } }],
  },
  errors: {
    work: [new Error("out of memory"), new CoxswainError("ASK_TIMEOUT", "no reply")],
  },
  // How many wait makes no difference but at the limit.
  stateKey: ({ value, context: { askers, waiters, misses, overdue, gathered: found, result, settled } }) => [
    value,
    askers.length,
    waiters.length,
    misses,
    overdue,
    found?.decision.ok,
    found?.decision.ok === true && found.decision.approval.required,
    result?.status,
    settled,
  ],
};
