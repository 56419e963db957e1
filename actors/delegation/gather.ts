import { type AnyActorRef, fromPromise, type PromiseActorLogic } from "xstate";
import { authority, type CallContext, type CallHost, type Gathered, hostKey } from "../../machines/index.ts";
import {
  type ActorAddress,
  type Alternative,
  actorAddress,
  CoxswainError,
  control,
  type DelegationRequest,
  grants,
  isCoxswainError,
  type Load,
  nodeAddress,
  type PayloadOf,
  type Protocol,
  type QuestionTypeOf,
  type ReplyOf,
  type Role,
  type RuleSet,
  rules,
  type Situation,
  workload,
} from "../../protocols/index.ts";

/** Others that are asked how much room they have, where the target has none. */
const othersMax = 32;

type Ask = <P extends Protocol, const K extends QuestionTypeOf<P>>(
  protocol: P,
  type: K,
  to: ActorAddress,
  payload: PayloadOf<P, K>,
) => Promise<ReplyOf<P, K>>;

interface InForce {
  readonly version: number;
  readonly hash: string;
  readonly ruleSet: RuleSet;
}

/**
 * The call that looks up and measures all that a decision depends on, and decides: the roles of both from the roster, the rule
 * set in force, the target's load from its book, and where it has no room the room of others. Nothing of it is anybody's word.
 *
 * @param given the rule set where none is in force under its name
 */
export function gathering(
  given: RuleSet,
  { withinMs }: { readonly withinMs: number },
): PromiseActorLogic<Gathered, DelegationRequest> {
  return fromPromise(({ input, signal, self, system }) => {
    const context = contextOf(self as AnyActorRef, system);
    // For nobody in particular: whoever asked may have given up, and asks again under the same id. What is only read is
    // asked without a key: nobody need keep the answer.
    const ask: Ask = async (protocol, type, to, payload) =>
      (await context.cell.ask(
        undefined,
        protocol,
        to,
        { ...(payload as object), type },
        { withinMs, signal },
      )) as never;
    return gather(input, given, { ask, nowMs: () => context.cell.env.nowMs(), roster: rosterOf(context) });
  });
}

function contextOf(self: AnyActorRef, system: unknown): CallContext {
  const host = (system as { readonly [hostKey]?: CallHost })[hostKey];
  if (host === undefined)
    throw new Error("Gathering needs a running system; provide the call gather in tests");
  return host.callContext(self);
}

function rosterOf({ cell }: CallContext): ActorAddress {
  const { node } = cell;
  if (node === undefined)
    throw new CoxswainError(
      "OPTION_INVALID",
      "Delegations run in their node, not in a thread or process of their own",
    );
  return nodeAddress(node.name);
}

interface Sources {
  readonly ask: Ask;
  readonly nowMs: () => number;
  /** Who answers for the roster. */
  readonly roster: ActorAddress;
}

async function gather(request: DelegationRequest, given: RuleSet, sources: Sources): Promise<Gathered> {
  const { ask, nowMs } = sources;
  const { from, to, grant } = request;
  const [delegator, target, inForce, load, parent] = await Promise.all([
    roleOf(from, sources),
    roleOf(to, sources),
    rulesInForce(given, ask),
    loadOf(to, ask),
    grant === undefined ? undefined : standing(grant, ask),
  ]);
  const { ruleSet, ...known } = inForce;
  const own: Load = { ...load, capacity: target?.capacity ?? 0 };
  const isFull = target !== undefined && own.inFlight >= own.capacity;
  const situation: Situation = {
    atMs: nowMs(),
    rules: known,
    ...(delegator === undefined ? {} : { from: delegator }),
    ...(target === undefined ? {} : { to: target }),
    load: own,
    measured: {},
    alternatives: isFull ? await alternativesTo(request, target, sources) : [],
  };
  const decision = authority.decide(request, situation, ruleSet);
  const rule = ruleSet.rules.find(({ name }) => decision.ok && name === decision.rule);
  return {
    situation,
    decision,
    path: rule?.escalationPath ?? ruleSet.escalationPath,
    hash: authority.sha256(authority.canonicalText(request)),
    ...(parent === undefined ? {} : { grantUntilMs: parent.untilMs }),
  };
}

async function roleOf(address: ActorAddress, { ask, roster }: Sources): Promise<Role | undefined> {
  const { entries } = await ask(control, "roster", roster, { address });
  return entries[0]?.role;
}

async function rulesInForce(given: RuleSet, ask: Ask): Promise<InForce> {
  try {
    return await ask(rules, "read", actorAddress(`rules.${given.name}`), {});
  } catch (error) {
    if (!isCoxswainError(error, "REFUSED")) throw error;
    return { version: 0, hash: authority.hashOf(given), ruleSet: given };
  }
}

async function loadOf(agent: ActorAddress, ask: Ask): Promise<Load> {
  const { load } = await ask(workload, "figures", actorAddress(`workload.${agent}`), {});
  return load;
}

/**
 * Those of the target's level with room, those that fit best first; where the target has a skill for the task, others that have
 * it, too. One that does not answer is no alternative.
 */
async function alternativesTo(
  { to, from, task }: DelegationRequest,
  target: Role,
  { ask, roster }: Sources,
): Promise<Alternative[]> {
  const { entries } = await ask(control, "roster", roster, { authority: target.authority, limit: 1_000 });
  const fitOf = ({ skills }: Role): number =>
    Object.hasOwn(skills, task.type) ? (skills[task.type] ?? 0) : 0;
  const others = entries
    .filter(
      ({ address, role }) => address !== to && address !== from && (fitOf(role) > 0 || fitOf(target) === 0),
    )
    .sort((a, b) => fitOf(b.role) - fitOf(a.role))
    .slice(0, othersMax);
  const all = await Promise.all(
    others.map(async ({ address, role }): Promise<Alternative[]> => {
      const load = await loadOf(address, ask).catch(() => undefined);
      return load === undefined ? [] : [{ address, free: role.capacity - load.inFlight, fit: fitOf(role) }];
    }),
  );
  return all
    .flat()
    .filter(({ free }) => free > 0)
    .sort((a, b) => b.fit - a.fit || b.free - a.free || (a.address < b.address ? -1 : 1));
}

/** Of the grant it is delegated under, what its book says now. @throws CoxswainError NOT_GRANTED where it does not stand */
async function standing(grant: string, ask: Ask): Promise<{ readonly untilMs: number }> {
  const [root = "", id = root] = grant.split(".");
  const { stands, reason, terms } = await ask(grants, "check", actorAddress(`grants.${root}`), { id });
  if (stands && terms !== undefined) return terms;
  throw new CoxswainError("NOT_GRANTED", `Grant ${grant} does not stand: ${reason}`);
}
