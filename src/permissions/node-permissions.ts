import {
  auditZonePattern,
  boxTypePattern,
  eventPattern,
  historyPattern,
  nodeAddress,
  replyPattern,
  rootDeadPatterns,
  rootEventsPattern,
  rootPatterns,
} from "../../protocols/index.ts";
import { inboxPrefixOf, permissions, type UserPermissions } from "./permission.ts";
import { type CheckedPlan, operatorZone, type Party } from "./plan.ts";
import {
  acknowledging,
  consuming,
  flowControl,
  getting,
  issuer,
  keysOf,
  opening,
  reading,
  requests,
  storedNames,
  streamOf,
  watching,
} from "./stored.ts";

/** What one node needs, and no more: its own names, its declared sends, and of the store what is its own. */
export function nodePermissions(plan: CheckedPlan, node: Party): UserPermissions {
  const { system } = plan;
  const { zone, roots, types, starts } = node;
  const self = nodeAddress(node.name);
  const own = [...roots, self];
  const there = starts.map(nodeAddress);
  const sends = node.sends.filter((name) => !own.includes(name) && !types.includes(name));
  const reached = [...own, ...types, ...sends, ...there];
  const durable = [...types, ...sends].filter((name) => plan.durable.has(name));
  const controlled = [...own, ...there, ...node.controls.filter((name) => !plan.durable.has(name))];
  const askers = askersOf(plan, node);
  const clients = askers.filter(({ kind }) => kind === "client");
  const inLane = (lane: "in" | "ctl", names: readonly string[]): string[] =>
    names.flatMap((name) => rootPatterns(system, lane, name, zone));
  return {
    name: node.name,
    kind: "node",
    zone,
    publish: permissions(
      ["sends", inLane("in", reached)],
      ["sends to durable actors", durable.map((type) => boxTypePattern(system, zone, type))],
      ["stops, watches, withdraws questions", inLane("ctl", controlled)],
      ["answers", zonesOf(askers, zone).map((each) => replyPattern(system, each, "*"))],
      ["says what happens here", [...own, ...types].map((name) => rootEventsPattern(system, name))],
      ["keeps dead letters", reached.flatMap((name) => rootDeadPatterns(system, name))],
      ...memberPermissions(plan, node),
      ...(plan.durable.size > 0 ? [senderPermission(system)] : []),
      ...(node.audits ? [auditPermission(system, zone)] : []),
      ...grantPermissions(plan, node),
      ...(types.length > 0 ? hostPermissions(plan, node, clients) : []),
    ),
    subscribe: permissions(
      ["takes messages", [...own, ...types].flatMap((name) => rootPatterns(system, "in", name))],
      ["is stopped and watched", own.flatMap((name) => rootPatterns(system, "ctl", name))],
      ["hears answers", [replyPattern(system, zone, "*")]],
      ["hears the store", [`${inboxPrefixOf(system, node.name)}.>`]],
      ["listens", node.listens.map((name) => listening(system, name))],
    ),
    answers: clients.length > 0,
  };
}

/** Who knows nothing of us: it sends in JSON, hears its answers, and listens. */
export function clientPermissions(plan: CheckedPlan, client: Party): UserPermissions {
  const { system } = plan;
  const { name, zone, sends, listens } = client;
  return {
    name,
    kind: "client",
    zone,
    publish: permissions(["sends", sends.flatMap((to) => rootPatterns(system, "in", to, zone))]),
    subscribe: permissions(
      ["hears answers", [`${inboxPrefixOf(system, name)}.>`]],
      ["listens", listens.map((from) => listening(system, from))],
    ),
    answers: false,
  };
}

function listening(system: string, name: string): string {
  return name === "*" ? eventPattern(system, "*", "*") : rootEventsPattern(system, name);
}

type Given = readonly [why: string, subjects: readonly string[]];

/** Each node is a member: it looks at who lives where, and enters itself and its names. */
function memberPermissions({ system, parties }: CheckedPlan, node: Party): readonly Given[] {
  const { members, hosts, dead } = storedNames(system);
  const [stream, hostsStream] = [streamOf(members), streamOf(hosts)];
  const names = [...node.roots, nodeAddress(node.name)].map((name) => `root.${name}`);
  const peers = parties.filter(({ types, name }) => types.length > 0 && name !== node.name);
  const taken = node.types.length > 0 ? peers.map(({ name }) => `node.${name}`) : [];
  const others = parties.filter(({ kind, name }) => node.sweeps && kind === "node" && name !== node.name);
  return [
    ["looks who lives where", requests(stream, ...opening, ...getting, ...watching)],
    [
      "enters its lease, its names and roles",
      keysOf(members, `node.${node.name}`, ...names, `role.${node.name}.>`),
    ],
    ["takes dead nodes for dead whose durable actors it takes over", keysOf(members, ...taken)],
    ["sweeps", others.flatMap(({ name }) => keysOf(members, `node.${name}`, `role.${name}.>`))],
    ["looks where durable actors live", requests(hostsStream, ...opening, ...watching)],
    ["is not overrun by the store", [stream, hostsStream].map(flowControl)],
    ["opens the dead letters", requests(dead, ...opening)],
  ];
}

/** Under its own zone; a record is appended behind the last one, which it reads. */
function auditPermission(system: string, zone: string): Given {
  const { audit } = storedNames(system);
  return [
    "keeps its decisions",
    [auditZonePattern(system, zone), ...requests(audit, ...opening, ...getting, ...reading)],
  ];
}

/** Where grants are issued, every node can check them, and none but the issuer's can sign. */
function grantPermissions({ system, durable }: CheckedPlan, { types }: Party): readonly Given[] {
  if (!durable.has(issuer)) return [];
  const { keys, signing } = storedNames(system);
  const [keysStream, signingStream] = [streamOf(keys), streamOf(signing)];
  const checking: Given = [
    "checks grants",
    [...requests(keysStream, ...opening, ...watching), flowControl(keysStream)],
  ];
  if (!types.includes(issuer)) return [checking];
  const signs = [
    ...requests(signingStream, ...opening, ...getting),
    ...keysOf(signing, issuer),
    ...requests(keysStream, ...getting),
    ...keysOf(keys, `${issuer}.*`),
  ];
  return [checking, ["signs grants", signs]];
}

/** Every node: what one may not send is then refused at once, where it could not look it would wait. */
function senderPermission(system: string): Given {
  return ["opens the inboxes", requests(storedNames(system).box, ...opening)];
}

/**
 * A consumer and a shard are named by neither node nor type: nodes that host durable types trust one another to take shards over,
 * and to write who has them. Records they write of their own types only.
 */
function hostPermissions(plan: CheckedPlan, node: Party, clients: readonly Party[]): readonly Given[] {
  const { system, parties, histories } = plan;
  const { types, name } = node;
  const { hosts, records, box, history } = storedNames(system);
  const hostsStream = streamOf(hosts);
  const recordsStream = streamOf(records);
  const peers = parties.filter((other) => other.types.length > 0).map((other) => `host.${other.name}`);
  const announced = ["config", "shard.*", "outline.*", `host.${name}`, ...peers];
  const ownTypes = types.flatMap((type) => [
    `type.${type}`,
    ...(histories.has(type) ? [`history.${type}`] : []),
  ]);
  const kept = types.filter((type) => histories.has(type));
  const passedOn = clients.flatMap(({ zone, sends }) =>
    types.filter((type) => sends.includes(type)).map((type) => boxTypePattern(system, zone, type)),
  );
  return [
    [
      "says what it hosts, takes shards",
      [...requests(hostsStream, ...getting), ...keysOf(hosts, ...announced, ...ownTypes)],
    ],
    [
      "reads and writes the records of its types",
      [
        ...requests(recordsStream, ...opening, ...getting, ...reading),
        ...keysOf(records, ...types.map((type) => `*.${type}.>`)),
      ],
    ],
    [
      "takes what is in their inboxes",
      [...requests(box, ...opening, ...consuming), acknowledging(box), flowControl(box)],
    ],
    ["asks what the server keeps", ["$JS.API.INFO"]],
    [
      "keeps histories",
      kept.flatMap((type) => [...requests(history(type), ...opening), historyPattern(system, type)]),
    ],
    ["lays in their inboxes what clients send", passedOn],
    ["answers clients", clients.map((client) => `${inboxPrefixOf(system, client.name)}.>`)],
  ];
}

/** Whoever sends to a node's names, or starts actors there. */
function askersOf({ parties }: CheckedPlan, node: Party): readonly Party[] {
  const names = new Set([...node.roots, ...node.types]);
  return parties.filter(
    ({ sends, starts }) => sends.some((to) => names.has(to)) || starts.includes(node.name),
  );
}

/** Where its answers go. A client has a subject of its own for them. */
function zonesOf(askers: readonly Party[], own: string): readonly string[] {
  const nodes = askers.filter(({ kind }) => kind === "node").map(({ zone }) => zone);
  return [own, ...[...new Set(nodes)].filter((zone) => zone !== own).sort(), operatorZone];
}
