import { auditZonePattern, boxTypePattern, historyPattern, nodeAddress } from "../../protocols/index.ts";
import { type Given, inboxPrefixOf } from "./permission.ts";
import type { CheckedPlan, Party } from "./plan.ts";
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

/** What a node needs of the store, by what it does. */
export function storePermissions(
  plan: CheckedPlan,
  node: Party,
  clients: readonly Party[],
): readonly Given[] {
  const { system } = plan;
  return [
    ...memberPermissions(plan, node),
    ...(plan.durable.size > 0 ? [senderPermission(system)] : []),
    ...(node.groups.length > 0 ? [groupPermission(system, node)] : []),
    ...(node.audits ? [auditPermission(system, node.zone)] : []),
    ...grantPermissions(plan, node),
    ...(node.types.length > 0 ? hostPermissions(plan, node, clients) : []),
  ];
}

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

/** It says which of its own actors are members, and may look who the others are. */
function groupPermission(system: string, { name, joins }: Party): Given {
  const { groups } = storedNames(system);
  const own = joins.map((group) => `${group}.${name}.>`);
  const looks = requests(streamOf(groups), ...opening, ...getting, ...reading);
  return ["looks who is in its groups, and enters its own", [...looks, ...keysOf(groups, ...own)]];
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
