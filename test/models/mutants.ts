import { moved, taskOf, workerOf } from "../../machines/delegation/task-table.ts";
import type { Write } from "../../machines/durability/commit.ts";
import { lowWater, standing } from "../../machines/durability/high-water.ts";
import type { Order } from "../../machines/durability/orders.ts";
import type { Move, Session } from "../../machines/durability/session.ts";
import { type DelegationSteps, delegationSteps } from "./delegation-steps.ts";
import { type DurabilitySteps, durabilitySteps } from "./durability-steps.ts";
import { expectNothing, type P1Bounds, type P1Server } from "./p1-state.ts";
import type { P2Bounds } from "./p2.ts";

/**
 * The protocol with one fault each. The checker has to find every one: one that it stops finding means that the
 * checker, the model or the protocol's steps have come apart.
 */
export interface P1Mutant {
  readonly says: string;
  /** The property by which it is found. */
  readonly breaks: string;
  readonly steps: DurabilitySteps;
  readonly server?: P1Server;
  readonly bounds: P1Bounds;
}

export interface P2Mutant {
  readonly says: string;
  /** The property by which it is found. */
  readonly breaks: string;
  readonly steps: DelegationSteps;
  readonly bounds: P2Bounds;
}

const small: P1Bounds = { messages: 2, nodes: 2, epochs: 2, crashes: 1, doubles: 1, unknowns: 0, batch: 1 };

const { receive, commit, answered } = durabilitySteps;

const ackBeforeCommit: typeof receive = (session, arrival, decide, limits) => {
  const received = receive(session, arrival, decide, limits);
  if (received.verdict !== "applied") return received;
  return { ...received, orders: [...received.orders, { do: "acknowledge", entry: arrival.entry }] };
};

const effectsBeforeCommit: typeof receive = (session, arrival, decide, limits) => {
  const received = receive(session, arrival, decide, limits);
  const known = session.held.record.outbox.nextPosition;
  const entries = received.session.draft?.record.outbox.entries ?? [];
  const early = entries.filter(({ position }) => position >= known);
  return {
    ...received,
    orders: [...received.orders, ...early.map((entry) => ({ do: "publish", entry }) as const)],
  };
};

/** A message beyond a gap is taken as if those before it had been. */
const gapsAccepted: typeof receive = (session, arrival, decide, limits) => {
  const { held } = session;
  const { stamp } = arrival;
  if (standing(held.record.received, stamp) !== "ahead") return receive(session, arrival, decide, limits);
  const head = { incarnation: stamp.incarnation, seq: stamp.seq - 1, turn: 0 };
  const received = { ...held.record.received, heads: { [stamp.from]: head } };
  const record = { ...held.record, received };
  return receive({ ...session, held: { ...held, record } }, arrival, decide, limits);
};

/** Writes something else than what the session goes on with. */
function writing(
  change: <S, M>(write: Write<S, M>, session: Session<S, M>) => Write<S, M>,
): DurabilitySteps["commit"] {
  return <S, M>(session: Session<S, M>, nonce: string): Move<S, M> => {
    const move = commit(session, nonce);
    const orders = move.orders.map(
      (order): Order<S, M> =>
        order.do === "write" ? { ...order, write: change(order.write, session) } : order,
    );
    return { ...move, orders };
  };
}

const unfenced = writing((write) => ({ ...write, expect: expectNothing }));

/** The record has no marks; only the owner's memory does. */
const marksInMemory = writing(({ record, ...write }) => ({
  ...write,
  record: { ...record, received: lowWater },
}));

/** Whatever was published counts as arrived. */
const trimmedEarly: typeof commit = (session, nonce) => {
  const confirmed = session.held.record.outbox.entries.map(({ position }) => position);
  return commit({ ...session, confirmed }, nonce);
};

/** The state goes first, and what it sends in a second write. */
const stateFirst = writing(({ record, ...write }, { held }) => {
  const entries = record.outbox.entries.filter(({ position }) => position < held.record.outbox.nextPosition);
  return { ...write, record: { ...record, outbox: { ...record.outbox, entries } } };
});

/** After the first write the second, and only after that what a commit sets free. */
const outboxSecond: typeof answered = (session, answer) => {
  const { writing: first, ...rest } = session;
  const isFirst =
    first?.write.expect === session.held.revision && !first.write.record.nonce.endsWith("outbox");
  if (answer.kind !== "ok" || first === undefined || !isFirst) return answered(session, answer);
  const { record } = first.write;
  const nonce = `${record.nonce} outbox`;
  const write = { expect: answer.revision, record: { ...record, nonce } };
  const acknowledged = first.entries.map((entry) => ({ do: "acknowledge", entry }) as const);
  return {
    session: { ...rest, writing: { write, entries: [] } },
    orders: [...acknowledged, { do: "write", write }],
  };
};

/** No answer is taken for a good one. */
const believed: typeof answered = (session, answer) => {
  const revision = session.held.revision + 1;
  return answered(session, answer.kind === "unknown" ? { kind: "ok", revision } : answer);
};

/** A double of what is only drafted is acknowledged at once. */
const doubleCleared: typeof receive = (session, arrival, decide, limits) => {
  const received = receive(session, arrival, decide, limits);
  if (received.verdict !== "dropped") return received;
  return { ...received, session, orders: [{ do: "acknowledge", entry: arrival.entry }] };
};

export const p1Mutants: Readonly<Record<string, P1Mutant>> = {
  M1: {
    says: "acknowledge before the commit",
    steps: { ...durabilitySteps, receive: ackBeforeCommit },
    breaks: "no acknowledgement without its commit",
    bounds: small,
  },
  M2: {
    says: "no fence: the last write wins",
    steps: { ...durabilitySteps, commit: unfenced },
    breaks: "no write of a past epoch",
    bounds: small,
  },
  M3: {
    says: "high-water marks only in memory",
    steps: { ...durabilitySteps, commit: marksInMemory },
    breaks: "each message is applied once, in order",
    bounds: small,
  },
  M4: {
    says: "effects before the commit",
    steps: { ...durabilitySteps, receive: effectsBeforeCommit },
    breaks: "no effect without its commit",
    bounds: small,
  },
  M5: {
    says: "no marks at the target",
    steps: { ...durabilitySteps, standingAtTarget: () => "next" },
    breaks: "each effect is applied once, in order",
    bounds: small,
  },
  M6: {
    says: "gaps accepted",
    steps: { ...durabilitySteps, receive: gapsAccepted },
    breaks: "each message is applied once, in order",
    bounds: small,
  },
  M7: {
    says: "compare and set in two steps, as 2.9 servers with replicas",
    steps: durabilitySteps,
    server: { atomic: false },
    breaks: "no write of a past epoch",
    bounds: small,
  },
  M8: {
    says: "outbox trimmed before it is confirmed",
    steps: { ...durabilitySteps, commit: trimmedEarly },
    breaks: "everything is applied, acknowledged and delivered",
    bounds: { ...small, doubles: 0, nodes: 1, epochs: 1 },
  },
  M9: {
    says: "outbox written apart from the state",
    steps: { ...durabilitySteps, commit: stateFirst, answered: outboxSecond },
    breaks: "everything is applied, acknowledged and delivered",
    bounds: { ...small, messages: 1, doubles: 0 },
  },
  M10: {
    says: "an unanswered commit taken for done",
    steps: { ...durabilitySteps, answered: believed },
    breaks: "no acknowledgement without its commit",
    bounds: { ...small, unknowns: 1 },
  },
  M11: {
    says: "a double of an uncommitted message acknowledged",
    steps: { ...durabilitySteps, receive: doubleCleared },
    breaks: "no acknowledgement without its commit",
    bounds: { ...small, batch: 2 },
  },
};

const few: P2Bounds = { tasks: 2, workers: 1, attempts: 2, crashes: 1, cancels: 1 };

/** Whatever comes back counts. */
const lateAccepted: DelegationSteps["finished"] = (table, result, policy) => {
  const step = delegationSteps.finished(table, result, policy);
  const late = step.dropped === "late" || step.dropped === "ended";
  if (!late || result.outcome !== "done" || taskOf(table, result.task) === undefined) return step;
  const done = { state: "done", attempt: result.attempt } as const;
  return {
    table: moved(table, result.task, done),
    orders: [{ do: "report", task: result.task, state: "done" }],
  };
};

const leaksOnTimeout: DelegationSteps["timedOut"] = (table, attempt, policy) => {
  const step = delegationSteps.timedOut(table, attempt, policy);
  return { ...step, table: { ...step.table, workers: table.workers } };
};

/** A worker that answers is free again, whatever of. */
const freedByResult: DelegationSteps["finished"] = (table, result, policy) => {
  const step = delegationSteps.finished(table, result, policy);
  const worker = workerOf(step.table, result.worker);
  if (worker === undefined) return step;
  const workers = { ...step.table.workers, [result.worker]: { ...worker, holds: worker.holds.slice(1) } };
  return { ...step, table: { ...step.table, workers } };
};

/** A level that does not want to decide gives the task back to those it came from. */
const handsBack: DelegationSteps["decided"] = (table, by, policy) => {
  const step = delegationSteps.decided(table, by, policy);
  if (step.dropped !== undefined || by.decision !== "passOn") return step;
  return { table: moved(table, by.task, { state: "queued", attempt: 0 }), orders: [] };
};

export const p2Mutants: Readonly<Record<string, P2Mutant>> = {
  D1: {
    says: "late results accepted",
    steps: { ...delegationSteps, finished: lateAccepted },
    breaks: "a task that has ended stays as it ended",
    bounds: few,
  },
  D2: {
    says: "capacity not released on a timeout",
    steps: { ...delegationSteps, timedOut: leaksOnTimeout },
    breaks: "a worker's load is the tasks assigned to it",
    bounds: few,
  },
  D3: {
    says: "capacity released by the result, not by the table",
    steps: { ...delegationSteps, finished: freedByResult },
    breaks: "a worker's load is the tasks assigned to it",
    bounds: few,
  },
  D4: {
    says: "a level hands back",
    steps: { ...delegationSteps, decided: handsBack },
    breaks: "each level is asked once",
    bounds: few,
  },
  D5: {
    says: "escalation not durable",
    steps: { ...delegationSteps, escalationIsDurable: false },
    breaks: "every task has ended",
    bounds: { ...few, tasks: 1, cancels: 0 },
  },
};
