import {
  type ActorAddress,
  actorAddress,
  type approval,
  type Decision,
  type DelegationRequest,
  type DelegationResult,
  type delegationStages,
  type escalation,
  type grants,
  isCoxswainError,
  type PayloadOf,
  priorities,
  type Refused,
  type ReplyOf,
  type ReplyTo,
  type Situation,
  type workload,
} from "../../protocols/index.ts";

/** What every delegation of a team goes by. */
export interface DelegationPolicy {
  /** How long one may last that has no deadline, in milliseconds. */
  readonly lastsMaxMs: number;
  /** How long a book may take to answer, in milliseconds. */
  readonly answerWithinMs: number;
  /** How long it is kept once it is over, in milliseconds; then its id is used up, and asks are told that it has ended. */
  readonly keptMs: number;
  /** How long a gate waits, in milliseconds; never beyond the delegation's own end. */
  readonly approvalWithinMs: number;
  /** What holds where nobody decided. */
  readonly approvalOtherwise: "approve" | "refuse";
  /** Who may decide; empty: whoever reaches the gate. */
  readonly deciders: readonly string[];
  /** How long each level of a ladder has, in milliseconds. */
  readonly levelWaitMs: number;
  /** Questions that may wait at once: for the decision and for the result. */
  readonly waitersMax: number;
}

export interface DelegationInput extends DelegationPolicy {
  readonly self: ActorAddress;
}

/** What was looked up and measured for one decision, and the decision that follows from it. */
export interface Gathered {
  readonly situation: Situation;
  readonly decision: Decision;
  /** Whom the rule that applies escalates to. */
  readonly path: readonly string[];
  /** Of the request: what a gate approves by. */
  readonly hash: string;
  /** The end of the grant it is delegated under, epoch milliseconds; undefined where it is under none. */
  readonly grantUntilMs?: number | undefined;
}

export interface DelegationContext {
  readonly id: string;
  readonly self: ActorAddress;
  readonly policy: DelegationPolicy;
  readonly stage: (typeof delegationStages)[number];
  readonly request?: DelegationRequest;
  readonly gathered?: Gathered;
  /** Once it stands: after the target's book was asked. */
  readonly decision?: Decision;
  /** How often the target's book had no room for it though there seemed to be: somebody else had been quicker. */
  readonly misses: number;
  /** The deadline passed while a book was asked, whose answer has to be known first. */
  readonly overdue: boolean;
  /** A place is held at the target's book, or may be. */
  readonly reserved: boolean;
  /** A grant was asked for; its token once it is there. */
  readonly granted: boolean;
  readonly token?: string | undefined;
  readonly result?: DelegationResult;
  /** How its ladder ended. */
  readonly settled?: string;
  /** Those who wait for the decision, and for the result. */
  readonly askers: readonly ReplyTo<Decision>[];
  readonly waiters: readonly ReplyTo<DelegationResult>[];
}

/** So often it is decided again where somebody else was quicker; then the book's word is the decision. */
export const missesMax = 2;

export function startOf({ self, ...policy }: DelegationInput): DelegationContext {
  const id = self.slice(self.indexOf(".") + 1);
  return {
    id,
    self,
    policy,
    stage: "requested",
    misses: 0,
    overdue: false,
    reserved: false,
    granted: false,
    askers: [],
    waiters: [],
  };
}

/** Of a delegation that has been asked for. */
export function requestOf({ request }: DelegationContext): DelegationRequest {
  return request as DelegationRequest;
}

function gatheredOf({ gathered }: DelegationContext): Gathered {
  return gathered as Gathered;
}

/** Where the book of an agent's work is. */
export function workloadOf(agent: ActorAddress): ActorAddress {
  return actorAddress(`workload.${agent}`);
}

export function gateOf(id: string): ActorAddress {
  return actorAddress(`approval.${id}`);
}

export function ladderOf(id: string): ActorAddress {
  return actorAddress(`escalation.${id}`);
}

/** How long it may last from the moment it was decided, in milliseconds; not above 0: its time is over. */
export function lastsMs(
  request: DelegationRequest,
  { situation, grantUntilMs }: Gathered,
  policy: DelegationPolicy,
): number {
  const { atMs } = situation;
  const ends = [request.deadlineMs, grantUntilMs].map(
    (untilMs) => (untilMs ?? Number.POSITIVE_INFINITY) - atMs,
  );
  return Math.min(policy.lastsMaxMs, ...ends);
}

/** Epoch milliseconds. */
export function untilMs(context: DelegationContext): number {
  const gathered = gatheredOf(context);
  return gathered.situation.atMs + lastsMs(requestOf(context), gathered, context.policy);
}

/** An EMERGENCY is the most urgent message there is, what is LOW the least. */
export function urgencyOf({ priority }: DelegationRequest): 0 | 1 | 2 | 3 | 4 {
  return (priorities.EMERGENCY - priority) as 0 | 1 | 2 | 3 | 4;
}

/** How long the work itself may take, in milliseconds: what it asks for of the resource time, and what the rule lets it have. */
export function workWithinMs(context: DelegationContext): number {
  const { resources, budget } = requestOf(context);
  const { decision } = gatheredOf(context);
  const limit = decision.ok ? decision.limits.time : undefined;
  const all = lastsMs(requestOf(context), gatheredOf(context), context.policy);
  return Math.max(1, Math.min(all, resources.time ?? all, budget.timeMs ?? all, limit ?? all));
}

export function reservationOf(context: DelegationContext): PayloadOf<typeof workload, "reserve"> {
  const { task, resources } = requestOf(context);
  const { situation, decision } = gatheredOf(context);
  // Time is each task's own: it does not add up.
  const { time: _, ...held } = resources;
  const { time: __, ...limits } = decision.ok ? decision.limits : {};
  return {
    task: context.id,
    taskType: task.type,
    resources: held,
    limits,
    capacity: situation.load.capacity,
  };
}

/** The book has the last word: somebody else may have taken the place since it was looked at. */
export function decidedBy(context: DelegationContext, answer: ReplyOf<typeof workload, "reserve">): Decision {
  const { decision, situation, path } = gatheredOf(context);
  if (!decision.ok) return decision;
  if (answer.ok)
    return decision.approval.required
      ? { ...decision, approval: { required: true, id: context.id } }
      : decision;
  const { to } = requestOf(context);
  const { inFlight, capacity } = answer.load;
  if (answer.by === "capacity")
    return {
      ...refusal("capacity", `${to} has no place left: ${inFlight} of ${capacity} are taken`),
      alternatives: situation.alternatives,
    };
  const violations = answer.violations.map((violation) => ({
    ...violation,
    unit: units[violation.resource],
  }));
  const texts = violations.map(
    ({ resource, requested, remaining, unit }) => `${resource} ${requested} ${unit} of ${remaining} left`,
  );
  const reason = `${to} may not hold that much under rule ${decision.rule}: ${texts.join(", ")}`;
  return { ...refusal("limits", reason, path), violations };
}

/** With a path it is escalated. */
function refusal(check: Refused["check"], reason: string, path?: readonly string[]): Refused {
  return {
    ok: false,
    check,
    reason,
    requiresEscalation: path !== undefined,
    escalationPath: [...(path ?? [])],
    alternatives: [],
    violations: [],
    nearest: [],
  };
}

const units = { cpu: "cores", memory: "GB", storage: "GB", bandwidth: "Mbit/s", time: "ms" } as const;

/** The gate said no, or nobody said anything and that means no. */
export function refusedByGate(
  context: DelegationContext,
  { by, reason }: { readonly by: string; readonly reason: string },
): Refused {
  const { path } = gatheredOf(context);
  // The gate's own word, where its time is over.
  if (by === "deadline") return refusal("approval", `At its gate ${reason}`, path);
  return refusal("approval", `${by} refused it${reason === "" ? "" : `: ${reason}`}`, path);
}

/** What people read who are to approve it. */
export function gateRequest(context: DelegationContext): PayloadOf<typeof approval, "open"> {
  const { from, to, task } = requestOf(context);
  const { policy } = context;
  const { decision, hash } = gatheredOf(context);
  const rule = decision.ok ? decision.rule : "";
  const all = lastsMs(requestOf(context), gatheredOf(context), policy);
  return {
    summary: `${from} delegates ${task.type} to ${to} under rule ${rule}`.slice(0, 1_000),
    hash,
    deciders: [...policy.deciders],
    withinMs: Math.max(1, Math.ceil(Math.min(policy.approvalWithinMs, all))),
    otherwise: policy.approvalOtherwise,
    reportTo: context.self,
  };
}

/** The tree of grants this one's is in: that of the grant it is delegated under (`<root>.<id>`), or its own. */
export function treeOf(context: DelegationContext): {
  readonly book: ActorAddress;
  readonly parent?: string;
} {
  const { grant } = requestOf(context);
  if (grant === undefined) return { book: actorAddress(`grants.${context.id}`) };
  const [root = "", parent = root] = grant.split(".");
  return { book: actorAddress(`grants.${root}`), parent };
}

/** No wider than what this one task needs. This delegation holds it: it is what asks the target. */
export function grantRequest(context: DelegationContext): PayloadOf<typeof grants, "issue"> {
  const { from, to, tools, budget, further } = requestOf(context);
  const { parent } = treeOf(context);
  return {
    id: context.id,
    ...(parent === undefined ? {} : { parent }),
    by: from,
    terms: {
      holder: context.self,
      audience: [to, ...(further?.to ?? [])],
      operations: ["work.work"],
      tools: [...tools],
      budget,
      depth: further?.depth ?? 0,
      untilMs: untilMs(context),
    },
  };
}

export function ladderRequest(
  context: DelegationContext,
  refused: Refused,
): PayloadOf<typeof escalation, "raise"> {
  const { from, to, task } = requestOf(context);
  return {
    subject: context.id,
    reason: `${from} may not delegate ${task.type} to ${to}: ${refused.reason}`.slice(0, 1_000),
    cause: `${refused.check} ${task.type}`,
    path: refused.escalationPath,
    waitMs: context.policy.levelWaitMs,
    reportTo: context.self,
  };
}

/** What the target, or a book, failed with. */
export function failureOf(error: unknown): { readonly code: string; readonly reason: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: isCoxswainError(error) ? error.code : "ACTOR_FAILED", reason };
}
