import {
  type ActorAddress,
  actorAddress,
  boxPattern,
  decodeBoxEntry,
  isActorAddress,
  isCoxswainError,
  parseBox,
  rootOf,
  toWireError,
} from "../../protocols/index.ts";
import type { Env, Timer } from "../env/env.ts";
import { valueOrThrow } from "../transport/outcomes.ts";
import type { Bucket, Consumption, QueueEntry, Stream } from "../transport/transport.ts";
import { Agent } from "./agent.ts";
import type { AgentEnd, AgentHost, Message } from "./agent-host.ts";
import { DueTimes } from "./due-times.ts";
import { type DurableDefinition, policyOf } from "./durability.ts";
import { decodeHead, type RecordHead } from "./record-codec.ts";
import type { SteadyClock } from "./steady-clock.ts";

/** What a shard needs of its node. */
export interface ShardHost {
  readonly stream: Stream;
  readonly records: Bucket;
  readonly clock: SteadyClock;
  /** Of a type that this node hosts. */
  definitionOf(type: string): DurableDefinition | undefined;
  /** What its agents need, but for what is the shard's. */
  hostOf(type: string, shard: ShardAgents): AgentHost;
  /** The shard is another's: its inbox is read by somebody else. */
  taken(shard: string): void;
  /** An agent has come into memory, or has got work. */
  entered(agent: Agent): void;
  left(agent: Agent): void;
}

/** An entry that is not acknowledged for so long comes again, in milliseconds. */
const ackWaitMs = 30_000;
/** Entries of a shard in this node's memory. */
const unacknowledgedMax = 1_000;
/** Messages of one entry, at most, and one more: the number of a message is its entry's times this, and its place. */
const messagesPerEntry = 128;
/** Agents that are taken up at a time when the shard is. */
const awakeningMax = 64;
/** In milliseconds: by then we have heard if another node holds the shard. */
const takeAgainAfterMs = 1_000;
/** A timer never sleeps longer, so that a due time beyond any timer's reach is no special case. */
const napMaxMs = 3_600_000;

/** The agents of one shard that this node holds, and their inbox. */
export class ShardAgents {
  readonly shard: string;
  readonly #host: ShardHost;
  readonly #agents = new Map<ActorAddress, Agent>();
  /** By type: what its agents here have in common. */
  readonly #hosts = new Map<string, AgentHost>();
  /** Entries whose messages are not all done with. */
  readonly #open = new Map<number, { readonly entry: QueueEntry; left: number }>();
  /** Of those not in memory. */
  readonly #sleeping = new DueTimes();
  /** To be taken up, because something of theirs is under way. */
  readonly #toWake: ActorAddress[] = [];
  #waking = 0;
  #alarm: Timer | undefined;
  #consumption: Consumption | undefined;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(host: ShardHost, shard: string) {
    this.#host = host;
    this.shard = shard;
  }

  get count(): number {
    return this.#agents.size;
  }

  get agents(): Iterable<Agent> {
    return this.#agents.values();
  }

  /** Takes up what is under way, and reads the inbox. @throws what the store refuses */
  async open(system: string): Promise<void> {
    const heads = valueOrThrow(await this.#host.records.entries(this.shard));
    if (this.#closed) return;
    for (const { key, value } of heads) this.#found(key, value);
    const options = {
      name: this.shard,
      subject: boxPattern(system, this.shard),
      ackWaitMs,
      unacknowledgedMax,
    };
    const consumption = valueOrThrow(
      await this.#host.stream.consume(options, (entry) => this.#entry(system, entry)),
    );
    if (this.#closed) return consumption.close();
    this.#consumption = consumption;
    void consumption.ended.then((how) => {
      if (how !== "closed") this.#host.taken(this.shard);
    });
    this.#wakeMore();
    this.#nap();
  }

  /** In order: agents finish what they are at. @returns how many there were */
  async retire(withinMs: number): Promise<number> {
    const { count } = this;
    this.#stop();
    for (const agent of [...this.#agents.values()]) agent.retire();
    if (this.#agents.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#env.setTimer(withinMs, resolve);
        this.#emptied = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.drop();
    return count;
  }

  /** At once: nothing more is written, answered or acknowledged. */
  drop(): void {
    this.#stop();
    for (const agent of [...this.#agents.values()]) agent.leave();
    this.#open.clear();
  }

  #stop(): void {
    this.#closed = true;
    this.#consumption?.close();
    this.#alarm?.cancel();
    this.#sleeping.clear();
    this.#toWake.length = 0;
  }

  // ---- what comes ----

  #entry(system: string, entry: QueueEntry): void {
    // One that is being worked on comes again when that takes long.
    if (this.#closed || this.#open.has(entry.sequence)) return;
    const route = parseBox(system, entry.subject);
    const definition = route === undefined ? undefined : this.#host.definitionOf(rootOf(route.to));
    // Not for us to judge: it stays for a node that knows the type.
    if (route === undefined || definition === undefined) return;
    const { to, zone } = route;
    const messages = this.#messagesOf(entry, to, zone);
    if (messages === undefined) return;
    this.#open.set(entry.sequence, { entry, left: messages.length });
    const agent = this.#agent(to);
    for (const message of messages) agent.take(message);
  }

  #messagesOf(entry: QueueEntry, to: ActorAddress, zone: string): readonly Message[] | undefined {
    try {
      const { from, incarnation, firstSeq, messages } = decodeBoxEntry(entry.payload);
      return messages.map(({ reply, frame }, place) => ({
        kind: "message",
        arrival: {
          entry: entry.sequence * messagesPerEntry + place,
          stamp: { from, incarnation, seq: firstSeq + place },
        },
        letter: { reply, frame, zone },
      }));
    } catch (error) {
      void this.#buryEntry(entry, to, error);
      return undefined;
    }
  }

  /** Bytes that are no entry of ours: nothing of them can be worked on by anybody. */
  async #buryEntry(entry: QueueEntry, to: ActorAddress, error: unknown): Promise<void> {
    const { code, message } = isCoxswainError(error) ? error : toWireError(error, "INVARIANT_BROKEN");
    const host = this.#hostOf(rootOf(to));
    host.node.counts.dead++;
    if (await host.bury(to, entry.payload, code, message)) entry.acknowledge();
  }

  /** A message is done with; its entry, when all of it are. */
  acknowledge(message: number): void {
    const sequence = Math.floor(message / messagesPerEntry);
    const open = this.#open.get(sequence);
    if (open === undefined) return;
    open.left -= 1;
    if (open.left > 0) return;
    this.#open.delete(sequence);
    open.entry.acknowledge();
  }

  // ---- agents ----

  #agent(address: ActorAddress): Agent {
    const known = this.#agents.get(address);
    if (known !== undefined) return known;
    const type = rootOf(address);
    const definition = this.#host.definitionOf(type) as DurableDefinition;
    const agent = new Agent(this.#hostOf(type), address, `${this.shard}.${address}`, definition);
    this.#sleeping.delete(address);
    this.#agents.set(address, agent);
    this.#host.entered(agent);
    agent.claim();
    return agent;
  }

  #hostOf(type: string): AgentHost {
    const known = this.#hosts.get(type);
    if (known !== undefined) return known;
    const host = this.#host.hostOf(type, this);
    this.#hosts.set(type, host);
    return host;
  }

  /** It has left memory; what it did not get done is delivered again, here or elsewhere. */
  gone(agent: Agent, { nextDueMs, left, why }: AgentEnd): void {
    if (this.#agents.get(agent.address) === agent) this.#agents.delete(agent.address);
    this.#host.left(agent);
    if (why === "fenced" && !this.#closed) this.#takeAgainLater(agent.address, left);
    else for (const { arrival } of left) this.#open.delete(Math.floor(arrival.entry / messagesPerEntry));
    if (this.#agents.size === 0) this.#emptied?.();
    if (this.#closed) return;
    if (nextDueMs !== undefined) {
      this.#sleeping.set(agent.address, nextDueMs);
      this.#nap();
    }
    this.#wakeMore();
  }

  /** Somebody else wrote its record, and yet the shard is ours: if it still is in a moment, the agent is. */
  #takeAgainLater(address: ActorAddress, left: readonly Message[]): void {
    this.#env.setTimer(takeAgainAfterMs, () => {
      if (this.#closed) return;
      const agent = this.#agent(address);
      for (const message of left) agent.take(message);
    });
  }

  // ---- those that nobody writes to ----

  #found(key: string, value: Uint8Array | undefined): void {
    const text = key.slice(this.shard.length + 1);
    const definition = isActorAddress(text) ? this.#host.definitionOf(rootOf(text)) : undefined;
    if (value === undefined || definition === undefined) return;
    const address = actorAddress(text);
    const head = headOf(value);
    if (head === undefined || head.busy || waitsAnew(head, definition)) this.#toWake.push(address);
    else if (head.nextDueMs !== undefined) this.#sleeping.set(address, head.nextDueMs);
  }

  /** A few at a time: each claim is a write. */
  #wakeMore(): void {
    while (this.#waking < awakeningMax) {
      const address = this.#toWake.shift();
      if (address === undefined) return;
      if (this.#agents.has(address)) continue;
      this.#waking++;
      const agent = this.#agent(address);
      void agent.claimed.then(() => {
        this.#waking--;
        this.#wakeMore();
      });
    }
  }

  #nap(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const dueMs = this.#sleeping.next();
    if (dueMs === undefined || this.#closed) return;
    const napMs = Math.min(napMaxMs, Math.max(0, dueMs - this.#nowMs));
    this.#alarm = this.#env.setTimer(napMs, () => {
      for (let due = this.#due(); due !== undefined; due = this.#due()) this.#toWake.push(due);
      this.#wakeMore();
      this.#nap();
    });
  }

  #due(): ActorAddress | undefined {
    return this.#sleeping.take(this.#nowMs) as ActorAddress | undefined;
  }

  get #env(): Env {
    return this.#host.clock.env;
  }

  get #nowMs(): number {
    return this.#host.clock.nowMs();
  }
}

/** One that cannot be read is taken up, which says so. */
function headOf(value: Uint8Array): RecordHead | undefined {
  try {
    return decodeHead(value);
  } catch {
    return undefined;
  }
}

/** Whether its timers are to be set anew where it is taken up. */
function waitsAnew({ nextDueMs }: RecordHead, { durability }: DurableDefinition): boolean {
  if (nextDueMs === undefined) return false;
  const single = Object.keys(durability.timers.of).map((id) => policyOf(durability, id));
  return [durability.timers, ...single].some(({ resume }) => resume !== "deadline");
}
