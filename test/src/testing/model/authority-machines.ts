import type {
  alertsMachine,
  approvalMachine,
  auditKeepingMachine,
  deskMachine,
  escalationMachine,
  qualityMonitorMachine,
} from "../../../../machines/index.ts";
import {
  type ActorAddress,
  alerts,
  approval,
  auditor,
  CoxswainError,
  desk,
  escalation,
  monitor,
} from "../../../../protocols/index.ts";
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

const note = { id: "t-1/ended", kind: "ended", subject: "t-1", inputs: {}, outcome: "done" };

export const auditKeepingOptions: PathsOptions<typeof auditKeepingMachine> = {
  protocol: auditor,
  payloads: { note: [note] },
  outputs: { auditing: [{ sequence: 1 }] },
  errors: {
    auditing: [
      new CoxswainError("STORE_FAILED", "The store is away"),
      new CoxswainError("PAYLOAD_TOO_LARGE", "Too large to be kept"),
    ],
  },
};

const raise = { subject: "t-1", reason: "no capacity", cause: "limits", waitMs: 900_000 };

export const escalationOptions: PathsOptions<typeof escalationMachine> = {
  protocol: escalation,
  input: { self: "escalation.t-1" as ActorAddress },
  payloads: {
    raise: [
      { ...raise, path: ["lead", "operator"], reportTo: "delegation.t-1" as ActorAddress },
      { ...raise, path: [] },
    ],
    decide: ({ context: { level } }) =>
      (["resolve", "passOn", "fail"] as const).flatMap((decision) => [
        { level: level || 1, by: "ann", decision, reason: "seen" },
        { level: level + 1, by: "ann", decision, reason: "" },
      ]),
  },
  outputs: { now: [1_000] },
};

const ask = { subject: "t-1", cause: "limits", level: 1, reason: "no capacity", untilMs: 1_000 };

export const deskOptions: PathsOptions<typeof deskMachine> = {
  protocol: desk,
  payloads: {
    ask: ["one", "two"].map((id) => ({ ...ask, from: `escalation.${id}` as ActorAddress })),
    withdraw: [{ from: "escalation.one" as ActorAddress }],
  },
};

const found = { key: "nulls", summary: "nulls in id", severity: "warning" } as const;

export const monitorOptions: PathsOptions<typeof qualityMonitorMachine> = {
  protocol: monitor,
  input: { pipeline: "orders", alerts: "alerts.orders" as ActorAddress },
  outputs: { check: [[], [found]] },
  // How often it has checked changes nothing of what may follow.
  stateKey: ({ value, context: { findings, state } }) => [value, findings, state],
};

export const alertsOptions: PathsOptions<typeof alertsMachine> = {
  protocol: alerts,
  input: { windowMs: 60_000 },
  payloads: {
    alert: [found],
    clear: [{ key: "nulls" }],
    acknowledge: [{ key: "nulls", by: "ann" }],
  },
  stateKey: ({ context }) => Object.values(context.alerts).map(({ key, by }) => [key, by]),
};
