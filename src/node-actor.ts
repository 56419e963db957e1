import { type DoneActorEvent, setup, spawnChild } from "xstate";
import { type Call, fromCall, reply } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorInfo,
  type AuditReply,
  actorAddress,
  control,
  type MessageOf,
  type NodeInfo,
  type ReplyOf,
  type ReplyTo,
  rootOf,
  type StartReply,
  toWireError,
} from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "./actor.ts";
import { Cell } from "./cell.ts";
import type { Agent } from "./durable/agent.ts";
import { definitionOf } from "./family.ts";
import type { Node } from "./node.ts";
import type { NodeRecord } from "./registry.ts";
import type { RosterEntry } from "./roster.ts";
import { startActor } from "./start-actor.ts";

type Start = Extract<MessageOf<typeof control>, { type: "start" }>;
type AskedRoster = Extract<MessageOf<typeof control>, { type: "roster" }>;
type Note = Extract<MessageOf<typeof control>, { type: "audit" }>;
type List = Extract<MessageOf<typeof control>, { type: "list" }>;
interface Answered {
  readonly asker: ReplyTo<StartReply | AuditReply> | undefined;
  readonly answer: StartReply | AuditReply;
}
type Done = DoneActorEvent<Answered>;

/** The actor that answers for a node: an ordinary machine at an ordinary address. */
export function nodeActor(
  node: Node,
  record: NodeRecord,
  agents: () => readonly Agent[] = () => [],
): ActorDefinition<typeof control> {
  const machine = setup({
    types: { events: {} as MessageOf<typeof control> | Done },
    actors: {
      start: fromCall(async ({ input, signal }: Call<Start>): Promise<Answered> => {
        return { asker: input.replyTo, answer: await startFor(node, input, signal) };
      }),
      audit: fromCall(async ({ input }: Call<Note>): Promise<Answered> => {
        return { asker: input.replyTo, answer: await noteFor(node, input) };
      }),
    },
  }).createMachine({
    id: "node",
    on: {
      describe: { actions: reply(() => describe(node, record, agents().length)) },
      list: { actions: reply(({ event }) => list(node, agents(), event)) },
      roster: { actions: reply(({ event }) => rosterOf(node, event)) },
      audit: { actions: spawnChild("audit", { input: ({ event }) => event as Note }) },
      start: { actions: spawnChild("start", { input: ({ event }) => event as Start }) },
      "xstate.done.actor.*": {
        actions: reply(({ event }) => (event as Done).output.answer, {
          to: ({ event }) => (event as Done).output.asker,
        }),
      },
    },
  });
  return defineActor({ protocol: control, machine }) as ActorDefinition<typeof control>;
}

async function startFor(node: Node, wanted: Start, signal: AbortSignal): Promise<StartReply> {
  try {
    const { address, actor, input, owner, startWithinMs } = wanted;
    const definition = definitionOf(node, actor);
    const from = owner === undefined ? undefined : { ...owner, address: actorAddress(owner.address) };
    const options = { input, owner: from, startWithinMs, signal };
    const { cell, ignored } = await startActor(node, actorAddress(address), definition, options);
    if (ignored) return { kind: "ignored" };
    const { activation, life } = cell;
    return { kind: "up", activation, ...(life.info === undefined ? {} : { info: life.info }) };
  } catch (error) {
    return { kind: "failed", error: toWireError(error) };
  }
}

async function noteFor(node: Node, { sender, replyTo, type, ...note }: Note): Promise<AuditReply> {
  try {
    return { kind: "kept", ...(await node.audit.append(note, sender)) };
  } catch (error) {
    return { kind: "failed", error: toWireError(error) };
  }
}

function describe(node: Node, record: NodeRecord, agents: number): NodeInfo {
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
    agents,
    counts: { ...node.counts },
    heapBytes,
  };
}

function list(
  node: Node,
  agents: readonly Agent[],
  { under, after, limit }: List,
): { actors: ActorInfo[]; total: number } {
  const found = [...node.cells.values(), ...agents].filter(({ address }) => isUnder(address, under));
  const later = found.filter(({ address }) => address > after);
  later.sort((a, b) => (a.address < b.address ? -1 : 1));
  const actors = later.slice(0, limit).map((one) => (one instanceof Cell ? infoOf(node, one) : one.info));
  return { actors, total: found.length };
}

function rosterOf(node: Node, asked: AskedRoster): ReplyOf<typeof control, "roster"> {
  const { address, authority, skill, after, limit } = asked;
  const all = node.registry?.roster.entries ?? [];
  const found = (address === undefined ? all : entryAt(all, address)).filter(
    ({ role }) =>
      (authority === undefined || role.authority === authority) &&
      (skill === undefined || Object.hasOwn(role.skills, skill)),
  );
  const entries = found.filter((entry) => entry.address > after).slice(0, limit);
  return { entries: [...entries], total: found.length };
}

function entryAt(all: readonly RosterEntry[], address: ActorAddress): readonly RosterEntry[] {
  const at = (wanted: string): readonly RosterEntry[] => all.filter((entry) => entry.address === wanted);
  const own = at(address);
  return own.length > 0 ? own : at(rootOf(address));
}

function isUnder(address: ActorAddress, under: string): boolean {
  return under === "" || address === under || address.startsWith(`${under}.`);
}

function infoOf(node: Node, cell: Cell): ActorInfo {
  const oldestMs = cell.oldestEnteredMs;
  return {
    address: cell.address,
    activation: cell.activation,
    protocol: cell.definition.protocol.tag,
    state: stateOf(cell),
    waiting: cell.waiting,
    postponed: cell.postponed,
    handled: cell.handled,
    ...(cell.owner === undefined ? {} : { owner: cell.owner.address }),
    ...(oldestMs === undefined ? {} : { oldestMs: Math.round(node.env.monotonicMs() - oldestMs) }),
  };
}

/** A machine's state value; the status of logic that has none. */
function stateOf(cell: Cell): unknown {
  const { value, status } = cell.behaviour.snapshot as { value?: unknown; status?: unknown };
  return value ?? status;
}
