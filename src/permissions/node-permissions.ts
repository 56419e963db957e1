import {
  boxTypePattern,
  eventPattern,
  nodeAddress,
  replyPattern,
  rootDeadPatterns,
  rootEventsPattern,
  rootPatterns,
} from "../../protocols/index.ts";
import { groupAddress } from "../groups/group-address.ts";
import { inboxPrefixOf, permissions, type UserPermissions } from "./permission.ts";
import { type CheckedPlan, operatorZone, type Party } from "./plan.ts";
import { storePermissions } from "./store-permissions.ts";

/** What one node needs, and no more: its own names, its declared sends, and of the store what is its own. */
export function nodePermissions(plan: CheckedPlan, node: Party): UserPermissions {
  const { system } = plan;
  const { zone, roots, types, starts } = node;
  const self = nodeAddress(node.name);
  const own = [...roots, self];
  const there = starts.map(nodeAddress);
  const sends = node.sends.filter((name) => !own.includes(name) && !types.includes(name));
  const groups = node.groups.map(groupAddress);
  const reached = [...own, ...types, ...sends, ...groups, ...there];
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
      [
        "says what happens here",
        [...own, ...types, ...node.joins.map(groupAddress)].map((name) => rootEventsPattern(system, name)),
      ],
      ["keeps dead letters", reached.flatMap((name) => rootDeadPatterns(system, name))],
      ...storePermissions(plan, node, clients),
    ),
    subscribe: permissions(
      ["takes messages", [...own, ...types].flatMap((name) => rootPatterns(system, "in", name))],
      [
        "takes what its groups are sent",
        node.joins.map(groupAddress).flatMap((name) => rootPatterns(system, "in", name)),
      ],
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
  const { name, zone, groups, listens } = client;
  const sends = [...client.sends, ...groups.map(groupAddress)];
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

/** Whoever sends to a node's names, or starts actors there. */
function askersOf({ parties }: CheckedPlan, node: Party): readonly Party[] {
  const names = new Set([...node.roots, ...node.types]);
  const asks = ({ sends, groups, starts }: Party): boolean =>
    sends.some((to) => names.has(to)) ||
    groups.some((group) => node.joins.includes(group)) ||
    starts.includes(node.name);
  return parties.filter(asks);
}

/** Where its answers go. A client has a subject of its own for them. */
function zonesOf(askers: readonly Party[], own: string): readonly string[] {
  const nodes = askers.filter(({ kind }) => kind === "node").map(({ zone }) => zone);
  return [own, ...[...new Set(nodes)].filter((zone) => zone !== own).sort(), operatorZone];
}
