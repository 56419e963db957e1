import { CoxswainError, nameToken, quote, systemName } from "../../protocols/index.ts";
import type { Durability } from "../durable/durability.ts";
import { isGroupRoot } from "../groups/group-address.ts";
import { checkOptions } from "../transport/options.ts";
import { LevelReach, type LevelRules } from "./level-reach.ts";

/** What is known of one that a node hosts: its definition, or how long it lasts. `history`: durable, and its turns are kept. */
export type Hosted = "volatile" | "durable" | "history" | { readonly durability?: Durability };

export interface NodePlan {
  /**
   * What its messages say of where they come from. Nodes of one zone are of one trust: each may speak as the other, and hear the
   * replies to the other. Default: a zone of its own, named like the node.
   */
  readonly zone?: string;
  /** The first tokens of the addresses that live there; for durable actors, their types. */
  readonly hosts?: readonly string[] | Readonly<Record<string, Hosted>>;
  /** Whom it sends to, by first token, besides those it hosts itself. */
  readonly sends?: readonly string[];
  /** Whom of them it may watch, stop, and withdraw questions from: the control lane makes no difference. Default: all of them. */
  readonly controls?: readonly string[];
  /** The groups of which actors of it are members. Who is one may send to it, by the group's name. */
  readonly joins?: readonly string[];
  /** Groups it sends to. */
  readonly sendsToGroups?: readonly string[];
  /** Whose events it listens to, by first token; `*` for all. */
  readonly listens?: readonly string[];
  /** On which other nodes it starts actors. */
  readonly starts?: readonly string[];
  /** It keeps a record of its decisions in the system's audit. Default: where it has a level. */
  readonly audits?: boolean;
  /** It takes away what dead nodes have left: their leases and roles. Whoever may do that may also say of a living one that it is dead. */
  readonly sweeps?: boolean;
  /** Its level of authority, of the plan's `rules`. */
  readonly level?: string;
}

/** Who is no node: it knows nothing of us, and speaks JSON on plain subjects. */
export type ClientPlan = Pick<NodePlan, "zone" | "sends" | "sendsToGroups" | "listens">;

/** Who runs where in a system, and who sends to whom. All else is forbidden. */
export interface SystemPlan {
  readonly system: string;
  readonly nodes: Readonly<Record<string, NodePlan>>;
  readonly clients?: Readonly<Record<string, ClientPlan>>;
  /** The rule set whose levels the nodes have: what their operations are sent to, they may send to. Default: the preset's. */
  readonly rules?: LevelRules;
}

/** One who may connect, with every default filled in. */
export interface Party {
  readonly name: string;
  readonly kind: "node" | "client";
  readonly zone: string;
  /** Without durable types. */
  readonly roots: readonly string[];
  readonly types: readonly string[];
  readonly sends: readonly string[];
  readonly controls: readonly string[];
  readonly listens: readonly string[];
  readonly starts: readonly string[];
  /** Groups it has members of; groups it sends to, these among them. */
  readonly joins: readonly string[];
  readonly groups: readonly string[];
  readonly audits: boolean;
  readonly sweeps: boolean;
}

/** A plan that was checked. */
export interface CheckedPlan {
  readonly system: string;
  readonly parties: readonly Party[];
  /** All durable types; those whose turns are kept. */
  readonly durable: ReadonlySet<string>;
  /** With the entries kept of each agent. */
  readonly histories: ReadonlyMap<string, number>;
}

/** The zone of whoever runs the system; no node has it. */
export const operatorZone = "operator";

/** As of `defineActor`. */
const historyMaxDefault = 10_000;

const planNames = ["system", "nodes", "clients", "rules"];
const nodeNames = [
  "zone",
  "hosts",
  "sends",
  "controls",
  "joins",
  "sendsToGroups",
  "listens",
  "starts",
  "audits",
  "sweeps",
  "level",
];
const clientNames = ["zone", "sends", "sendsToGroups", "listens"];

/**
 * @throws OPTION_INVALID for what is unknown or contradicts itself: a name that nobody hosts, a send that the node's level does not
 * allow, a name that is durable on one node and not on another.
 */
export function checkPlan(plan: SystemPlan): CheckedPlan {
  checkOptions("a system's permissions", plan, planNames);
  const { clients = {}, rules } = plan;
  const reach = new LevelReach(rules);
  const { durable, volatile, histories } = hostedNames(plan);
  const both = [...durable].find((name) => volatile.has(name));
  if (both !== undefined)
    throw invalid(`Expected ${quote(both)} to be durable on all of its nodes, or on none`);
  const hosted = new Set([...durable, ...volatile]);
  const parties: Party[] = [];
  for (const [name, node] of Object.entries(plan.nodes)) {
    checkOptions(`node ${name}`, node, nodeNames);
    parties.push({ ...partyOf("node", name, node, reach, hosted), ...splitHosts(hostedBy(node)) });
  }
  for (const [name, client] of Object.entries(clients)) {
    checkOptions(`client ${name}`, client, clientNames);
    parties.push({ ...partyOf("client", name, client, reach, hosted), controls: [], roots: [], types: [] });
  }
  checkNames(parties, hosted);
  return { system: systemName(plan.system), parties, durable, histories };
}

function hostedNames({ nodes }: SystemPlan) {
  const durable = new Set<string>();
  const volatile = new Set<string>();
  const histories = new Map<string, number>();
  for (const node of Object.values(nodes)) {
    for (const [name, { durable: lasts, historyMax }] of hostedBy(node)) {
      (lasts ? durable : volatile).add(hostedName(name));
      if (historyMax !== undefined) histories.set(name, Math.max(historyMax, histories.get(name) ?? 0));
    }
  }
  return { durable, volatile, histories };
}

interface Lasting {
  readonly durable: boolean;
  /** Of a type whose turns are kept. */
  readonly historyMax?: number;
}

function hostedBy({ hosts = [] }: NodePlan): ReadonlyMap<string, Lasting> {
  if (Array.isArray(hosts)) return new Map(hosts.map((name: string) => [name, { durable: false }]));
  return new Map(Object.entries(hosts).map(([name, hosted]) => [name, lastingOf(name, hosted)]));
}

function lastingOf(name: string, hosted: Hosted): Lasting {
  if (typeof hosted === "object" && hosted !== null) {
    const { durability } = hosted;
    if (durability === undefined) return { durable: false };
    return { durable: true, ...(durability.history ? { historyMax: durability.historyMax } : {}) };
  }
  if (hosted === "volatile") return { durable: false };
  if (hosted === "durable") return { durable: true };
  if (hosted === "history") return { durable: true, historyMax: historyMaxDefault };
  throw invalid(
    `Expected ${name} to be a definition, "volatile", "durable" or "history", got ${quote(hosted)}`,
  );
}

function groupToken(text: string): string {
  return nameToken("a group's name", text);
}

function hostedName(text: string): string {
  if (nameToken("a hosted name", text).startsWith("node-") || isGroupRoot(text))
    throw invalid(`Expected a name that does not begin with "node-" or "group-", got ${quote(text)}`);
  return text;
}

function splitHosts(hosted: ReadonlyMap<string, Lasting>): Pick<Party, "roots" | "types"> {
  const names = [...hosted.keys()].sort();
  return {
    roots: names.filter((name) => hosted.get(name)?.durable === false),
    types: names.filter((name) => hosted.get(name)?.durable === true),
  };
}

function partyOf(
  kind: Party["kind"],
  name: string,
  plan: NodePlan,
  reach: LevelReach,
  hosted: ReadonlySet<string>,
): Omit<Party, "roots" | "types"> {
  nameToken(`a ${kind}'s name`, name);
  const zone = nameToken("a zone", plan.zone ?? name);
  if (zone === operatorZone || name === operatorZone)
    throw invalid(`Expected another name and zone than ${quote(operatorZone)}, which is the operator's own`);
  const {
    sends = [],
    listens = [],
    starts = [],
    joins = [],
    sendsToGroups = [],
    level,
    audits = level !== undefined,
    sweeps = false,
  } = plan;
  const allowed = level === undefined ? [] : reach.of(name, level, sends);
  const all = sorted([...sends, ...allowed.filter((to) => hosted.has(to))]);
  const { controls = all } = plan;
  return {
    name,
    kind,
    zone,
    sends: all,
    controls: sorted(controls),
    listens: sorted(listens),
    starts: sorted(starts),
    joins: sorted(joins.map(groupToken)),
    groups: sorted([...joins, ...sendsToGroups].map(groupToken)),
    audits,
    sweeps,
  };
}

function checkNames(parties: readonly Party[], hosted: ReadonlySet<string>): void {
  const names = new Set<string>();
  for (const { name, kind, sends, controls, listens, starts } of parties) {
    if (names.has(name))
      throw invalid(`Expected names of nodes and clients to differ, got ${quote(name)} twice`);
    names.add(name);
    for (const to of [...sends, ...listens.filter((each) => each !== "*")])
      if (!hosted.has(to))
        throw invalid(`Expected ${kind} ${name} to name what a node hosts, got ${quote(to)}`);
    for (const to of controls)
      if (!sends.includes(to))
        throw invalid(`Expected ${name} to control whom it sends to, got ${quote(to)}`);
    for (const node of starts)
      if (!parties.some((other) => other.kind === "node" && other.name === node))
        throw invalid(`Expected ${name} to start actors on a node of the plan, got ${quote(node)}`);
  }
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

function invalid(message: string): CoxswainError {
  return new CoxswainError("OPTION_INVALID", message);
}
