import { durability } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  boxSenderOf,
  boxSubject,
  CoxswainError,
  decodeEnvelope,
  encodeBoxEntry,
  encodeEnvelope,
  encodeEnvelopeJson,
  historySubject,
  messageId,
  quote,
  rootOf,
} from "../../../protocols/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { AgentCall, AgentRecord, DelayedEvent, Letter } from "../agent-record.ts";
import { shardIn } from "../inspection/durable-store.ts";
import { encodeRecord } from "../record-codec.ts";
import { isRecord } from "../versions/persisted.ts";
import { encodeCheckpoint } from "./entry.ts";
import type { AgentHistory } from "./history.ts";

export interface ForkOptions {
  /**
   * What becomes of calls that were under way: `make` (default), the fork makes them, under keys of its own; `drop`, nobody does, and
   * a state that waits for one goes on with other events only.
   */
  readonly calls?: "make" | "drop";
}

/**
 * A new agent that goes on from where another was after a turn: with its state, what it held back, and its timers, of which as much is
 * left as was left then. It has received and sent nothing yet, answers none of the other's questions, and lives like any agent.
 *
 * @param key of the new agent, of the same type
 * @throws ADDRESS_TAKEN where there is one already, ADDRESS_INVALID, OPTION_INVALID, SNAPSHOT_REFUSED, STORE_FAILED
 */
export async function forkAgent(
  history: AgentHistory,
  turn: number,
  key: string,
  { calls = "make" }: ForkOptions = {},
): Promise<ActorAddress> {
  const { source, durable, stream, address } = history.parts;
  const fork = actorAddress(`${rootOf(address)}.${key}`);
  const shard = shardIn(durable.placement, fork);
  if (shard === undefined) throw new CoxswainError("ADDRESS_INVALID", `Expected a key, got ${quote(key)}`);
  const { record, atMs, differs } = await history.recordAt(turn);
  if (differs !== undefined) {
    const text = `${address} was not as this definition makes it after turn ${turn}:\n${differs.text}`;
    throw new CoxswainError("OPTION_INVALID", text);
  }
  if (record.closed || record.state.snapshot === undefined)
    throw new CoxswainError("OPTION_INVALID", `Expected a turn at which ${address} lived, got ${turn}`);
  const nowMs = Math.floor(source.env.nowMs());
  const made = forked(record, { from: address, to: fork, passedMs: nowMs - (atMs ?? nowMs), nowMs, calls });
  const bytes = encodeRecord(made, nowMs);
  valueOrThrow(await durable.records.create(`${shard}.${fork}`, bytes));
  // Its own history begins with what it was made of. Where it is not taken, the first commit makes up for it.
  const checkpoint = encodeCheckpoint({ turn: 0, epoch: 0, record: bytes });
  await stream.append(historySubject(source.system, shard, fork), checkpoint);
  await wake(history, fork, shard);
  return fork;
}

interface Forking {
  readonly from: ActorAddress;
  readonly to: ActorAddress;
  /** Since that turn. */
  readonly passedMs: number;
  readonly nowMs: number;
  readonly calls: "make" | "drop";
}

function forked(record: AgentRecord, forking: Forking): AgentRecord {
  const { passedMs, nowMs, calls } = forking;
  const { state, timers, intents } = record;
  const left = {
    ...state,
    postponed: state.postponed.map((letter) => ownLetter(letter, forking)),
    questions: {},
    answers: {},
    unsent: [],
    trial: undefined,
    checkpoint: undefined,
    snapshot: calls === "drop" ? withoutCalls(state.snapshot, intents) : state.snapshot,
  };
  return {
    ...durability.unborn(left, nowMs),
    timers: timers.flatMap(({ message, ...timer }) => {
      const delayed = ownDelayed(message as DelayedEvent, forking);
      const moved = { ...timer, dueAtMs: timer.dueAtMs + passedMs, generation: 0 };
      return delayed === undefined ? [] : [{ ...moved, message: delayed }];
    }),
    // Of the epoch of its first owner: nobody before can have made them.
    intents: calls === "drop" ? [] : intents.map((intent, i) => ({ ...intent, key: `0.${i + 1}`, epoch: 1 })),
  };
}

/** A letter to the fork, which whoever asked does not wait for: it has asked the other. */
function ownLetter({ frame, zone }: Letter, { to }: Forking): Letter {
  const json = frame[0] === 0x7b;
  // A foreign client may have left out what the runtime then made up.
  const defaults = { nowMs: () => 0, freshId: () => messageId("fork", 0) };
  const envelope = { ...decodeEnvelope(frame, undefined, defaults), to };
  return { reply: undefined, zone, frame: json ? encodeEnvelopeJson(envelope) : encodeEnvelope(envelope) };
}

/** What is sent later is sent by the fork; an answer is the other's to give. */
function ownDelayed(delayed: DelayedEvent, { to }: Forking): DelayedEvent | undefined {
  const { target } = delayed;
  if ("question" in target) return undefined;
  return "envelope" in target
    ? { ...delayed, target: { envelope: { ...target.envelope, from: to } } }
    : delayed;
}

/** The calls' own actors go, wherever they are in the tree. */
function withoutCalls(snapshot: unknown, intents: AgentRecord["intents"]): unknown {
  const paths = new Set(intents.map(({ call }) => (call as AgentCall).path));
  const prune = (data: unknown, path: string): unknown => {
    if (!isRecord(data) || !isRecord(data.children)) return data;
    const children = Object.entries(data.children)
      .filter(([id]) => !paths.has(`${path}/${id}`))
      .map(([id, child]) => {
        const inner = isRecord(child)
          ? { ...child, snapshot: prune(child.snapshot, `${path}/${id}`) }
          : child;
        return [id, inner] as const;
      });
    return { ...data, children: Object.fromEntries(children) };
  };
  return isRecord(snapshot) ? { ...snapshot, data: prune(snapshot.data, "") } : snapshot;
}

/** Whoever holds its shard looks for timers and calls when it takes the shard up, and else when something comes for the agent. */
async function wake(history: AgentHistory, fork: ActorAddress, shard: string): Promise<void> {
  const { source, durable } = history.parts;
  const { system, zone, env } = source;
  const nowMs = Math.floor(env.nowMs());
  const incarnation = env.uniqueId().slice(0, 12);
  const frame = encodeEnvelope({
    kind: "control",
    id: messageId(incarnation, 0),
    from: "",
    to: fork,
    type: "wake",
    protocol: "",
    sentAtMs: nowMs,
    body: {},
  });
  const messages = [{ reply: undefined, frame }];
  const entry = encodeBoxEntry({ from: boxSenderOf(incarnation), incarnation: nowMs, firstSeq: 1, messages });
  valueOrThrow(await durable.box.append(boxSubject(system, shard, zone, fork), entry));
}
