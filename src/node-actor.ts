import { type ActorInfo, control, type NodeInfo } from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "./actor.ts";
import type { Cell } from "./cell.ts";
import type { Node } from "./node.ts";
import type { NodeRecord } from "./registry.ts";

/** The actor that answers for a node: an ordinary reducer at an ordinary address. */
export function nodeActor(node: Node, record: NodeRecord): ActorDefinition<typeof control> {
  return defineActor({
    protocol: control,
    initial: () => undefined,
    receive: (state, message, turn) => {
      if (message.type === "describe") turn.reply(describe(node, record));
      if (message.type === "list") turn.reply(list(node, message.under, message.limit));
      return state;
    },
  }) as ActorDefinition<typeof control>;
}

function describe(node: Node, record: NodeRecord): NodeInfo {
  const { incarnation, zone, pid, host, startedAtMs } = record;
  const heapBytes = process.memoryUsage().heapUsed;
  return {
    node: node.name,
    incarnation,
    zone,
    pid,
    host,
    startedAtMs,
    actors: node.cells.size,
    counts: { ...node.counts },
    heapBytes,
  };
}

function list(node: Node, under: string, limit: number): { actors: ActorInfo[]; total: number } {
  const found = [...node.cells.values()].filter((cell) => isUnder(cell.address, under));
  found.sort((a, b) => (a.address < b.address ? -1 : 1));
  return { actors: found.slice(0, limit).map((cell) => infoOf(node, cell)), total: found.length };
}

function isUnder(address: string, under: string): boolean {
  return under === "" || address === under || address.startsWith(`${under}.`);
}

function infoOf(node: Node, cell: Cell): ActorInfo {
  const oldestMs = cell.oldestEnteredMs;
  return {
    address: cell.address,
    protocol: cell.definition.protocol.tag,
    state: stateOf(cell),
    waiting: cell.waiting,
    postponed: cell.postponed,
    handled: cell.handled,
    ...(oldestMs === undefined ? {} : { oldestMs: Math.round(node.env.monotonicMs() - oldestMs) }),
  };
}

/** A machine's state value; the status of logic that has none. */
function stateOf(cell: Cell): unknown {
  const { value, status } = cell.behaviour.snapshot as { value?: unknown; status?: unknown };
  return value ?? status;
}
