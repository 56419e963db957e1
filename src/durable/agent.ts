import { durability } from "../../machines/index.ts";
import {
  type ActorAddress,
  type ActorInfo,
  CoxswainError,
  isCoxswainError,
  toWireError,
} from "../../protocols/index.ts";
import type { Timer } from "../env/env.ts";
import { publishFact } from "../facts.ts";
import { callEndedBy } from "../xstate/actor-paths.ts";
import type { Arrival as TreeArrival } from "../xstate/turn-keeper.ts";
import { claimAgent } from "./activation.ts";
import type { AgentInside } from "./agent-cell.ts";
import type { AgentHost, Message } from "./agent-host.ts";
import { agentInfo } from "./agent-info.ts";
import { persistKept } from "./agent-machine.ts";
import { AgentMind, type Batch, type Release } from "./agent-mind.ts";
import { AgentPost } from "./agent-post.ts";
import type {
  AgentCall,
  AgentMessage,
  AgentRecord,
  AgentSession,
  AgentState,
  AgentWrite,
} from "./agent-record.ts";
import { putDown, type Received, receiveWork } from "./agent-turns.ts";
import type { DurableDefinition } from "./durability.ts";
import { Chronicler } from "./history/chronicler.ts";
import { waitingBytes, waitingMaxBytes } from "./history/recorder.ts";
import { encodeRecord } from "./record-codec.ts";
import { type RecordOwner, RecordWriter } from "./record-writer.ts";
import { tellOfRefusal } from "./supervision.ts";
import { causeOf, resumption, type Work, WorkQueue } from "./work-queue.ts";

type Order = durability.Order<AgentState, AgentMessage>;
type Move = durability.Move<AgentState, AgentMessage>;

/** After so long without work, what is confirmed leaves the record, in milliseconds. */
const tidyAfterMs = 1_000;
/** After so many commits an activation is taken to work. */
const soundCommits = 64;
const limits = durability.recordLimits;

/**
 * One activation of a durable agent, from its claim until it leaves memory. It gives its machine turns, commits them, up
 * to a batch at once, and does what they wanted when they are committed. What is decided is machines/durability's.
 *
 * - `claiming`: its record is being taken over; work waits.
 * - `live`: it works.
 * - `gone`: another owner goes on, or nobody needs it now. It does nothing more.
 */
export class Agent implements AgentInside, RecordOwner {
  readonly address: ActorAddress;
  /** Of its record. */
  readonly key: string;
  readonly #host: AgentHost;
  readonly #definition: DurableDefinition;
  readonly #mind: AgentMind;
  readonly #post: AgentPost;
  /** Of its record, when it was last written: about what it holds of memory. */
  bytes = 0;
  /** Resolves when it is live, or gone. */
  readonly claimed: Promise<void>;
  #claimed: () => void = () => {};
  #phase: "claiming" | "live" | "gone" = "claiming";
  /** It takes up nothing more, and leaves when what it is at is committed. */
  #retiring = false;
  #session!: AgentSession;
  readonly #queue = new WorkQueue();
  readonly #writer: RecordWriter;
  /** The record as it was written last. */
  #written: Uint8Array | undefined;
  /** Of the commit under way. */
  #releases: readonly Release[] = [];
  /** One turn a commit: something of a batch could not be stored, or killed its process. */
  #careful = false;
  /** To get through what it was woken for; 0 after the first commit. */
  #attempts = 0;
  #commits = 0;
  /** The message whose turn it is. */
  #atHand: Message | undefined;
  #leaveSuspects: () => void = () => {};
  #alarm: Timer | undefined;
  #idle: Timer | undefined;

  constructor(host: AgentHost, address: ActorAddress, key: string, definition: DurableDefinition) {
    this.#host = host;
    this.address = address;
    this.key = key;
    this.#definition = definition;
    this.claimed = new Promise((resolve) => {
      this.#claimed = resolve;
    });
    this.#mind = new AgentMind(host, address, definition, { inside: this, batch: () => this.#batch });
    this.#post = new AgentPost(
      host,
      address,
      (positions) => this.#confirmed(positions),
      (error) => this.broke(error),
    );
    this.#writer = new RecordWriter(host, key, this);
  }

  // ---- coming and going ----

  /** Takes the agent over. */
  claim(): void {
    this.#claim().catch((error: unknown) => this.broke(error));
  }

  async #claim(): Promise<void> {
    const { key, address } = this;
    const causeIn = (record: AgentRecord): string => this.#queue.causeIn(record);
    const claimed = await claimAgent(this.#host, address, key, causeIn, this.#definition);
    if (this.isGone) return;
    if (claimed.kind === "given up") return this.leave("fenced");
    if (claimed.kind === "unloadable") return this.#unloadable(claimed.reason);
    const { epoch, state } = claimed.stored.record;
    this.#attempts = claimed.attempts;
    this.#careful =
      claimed.attempts > 1 || epoch - (state.soundEpoch ?? 0) > this.#definition.durability.attemptsMax;
    if (claimed.attempts > 1) this.#leaveSuspects = await this.#host.suspect();
    if (this.isGone) return this.#leaveSuspects();
    const { record } = claimed.stored;
    const { session, orders } = durability.resume(claimed.stored);
    this.#session = session as AgentSession;
    this.#phase = "live";
    this.#claimed();
    publishFact(this.#host.node, address, "activated", { node: this.#host.node.name, epoch: record.epoch });
    if (!record.closed && record.state.snapshot !== undefined)
      this.#mind.release([this.#restored(record, true)]);
    // Its state may hold them back no more since the last commit of the owner before.
    if (record.state.postponed.length > 0) this.#queue.first({ kind: "postponed" });
    this.#post.answers(record);
    for (const order of orders) this.#carryOut(order);
    this.#check(() => encodeRecord(record, this.nowMs));
    this.#host.ready(this);
  }

  /** As its node describes it. */
  get info(): ActorInfo {
    const record = this.#phase === "live" ? durability.newest(this.#session) : undefined;
    return agentInfo(this.address, this.#definition, record, this.#queue.waiting);
  }

  get isGone(): boolean {
    return this.#phase === "gone";
  }

  #restored(record: AgentRecord, claimed = false): Release {
    const { trial } = this.#session.held.record.state;
    const poisonous = this.#poisonous && trial?.cause === resumption;
    return this.#mind.restore(record, this.#session.held.record.intents, poisonous, claimed);
  }

  /** What it was woken for has ended too many processes. */
  get #poisonous(): boolean {
    return this.#attempts > this.#definition.durability.attemptsMax;
  }

  /** Its messages stay where they are, until a node comes that can load it. */
  #unloadable(reason: string): void {
    const { node } = this.#host;
    const error = new CoxswainError("SNAPSHOT_REFUSED", `${this.address} cannot be taken up here: ${reason}`);
    node.report({ level: "error", message: error.message, address: this.address, error });
    publishFact(node, this.address, "failed", { error: toWireError(error) });
    tellOfRefusal(node, this.address, this.#definition, reason);
    this.leave();
  }

  /** The last wall: a throw of the runtime's own ends this activation, not its process. */
  broke(error: unknown): void {
    const { node } = this.#host;
    const message = `${this.address}: the runtime threw`;
    const broken = new CoxswainError("INVARIANT_BROKEN", message, { cause: error });
    node.report({ level: "error", message, address: this.address, error: broken });
    publishFact(node, this.address, "failed", { error: toWireError(broken) });
    this.leave();
  }

  /** Leaves memory at once and writes nothing more. Idempotent. @param why `fenced`: another owner's write came before ours */
  leave(why?: "fenced"): void {
    if (this.isGone) return;
    const live = this.#phase === "live";
    this.#phase = "gone";
    this.#claimed();
    this.#alarm?.cancel();
    this.#idle?.cancel();
    this.#post.stop();
    this.#mind.drop();
    this.#leaveSuspects();
    const timers = live ? this.#session.held.record.timers : [];
    this.#host.gone(this, { nextDueMs: durability.nextDueMs(timers), left: this.#queue.messages, why });
  }

  /** Commits what it is at, waits for calls that may be made only once, and leaves; another owner takes up the rest. */
  retire(): void {
    this.#retiring = true;
    if (this.#phase === "live") this.#host.ready(this);
  }

  #retired(): void {
    const { writing, draft, held } = this.#session;
    const callsOnce = held.record.intents.some(({ effect }) => effect === "atMostOnce");
    if (writing === undefined && draft === undefined && !callsOnce) this.leave();
  }

  /** Whether nothing waits or is under way. */
  get resting(): boolean {
    if (this.#phase !== "live" || !this.#queue.isEmpty) return false;
    const { writing, draft, held, confirmed } = this.#session;
    const { outbox, intents, closed } = held.record;
    if (writing !== undefined || draft !== undefined || outbox.entries.length > confirmed.length)
      return false;
    return closed || intents.length === 0;
  }

  // ---- what comes ----

  get nowMs(): number {
    return this.#host.nowMs();
  }

  take(message: Message): void {
    this.#add(message);
  }

  arrived(arrival: TreeArrival): void {
    if (this.isGone) return;
    const path = callEndedBy(arrival);
    const key = path === undefined ? undefined : this.#keyOfCall(path);
    this.#add(key === undefined ? { kind: "event", arrival } : { kind: "result", key, arrival });
  }

  #add(work: Work): void {
    this.#queue.add(work);
    this.#stir();
  }

  #stir(): void {
    this.#idle?.cancel();
    this.#idle = undefined;
    if (this.#phase === "live") this.#host.ready(this);
  }

  callKey(path: string): string | undefined {
    const key = this.#keyOfCall(path);
    return key === undefined ? undefined : `${this.address}#${key}`;
  }

  #keyOfCall(path: string): string | undefined {
    if (this.#phase === "claiming") return undefined;
    const { intents } = durability.newest(this.#session);
    return intents.find(({ call }) => (call as AgentCall).path === path)?.key;
  }

  #wake(atMs: number | undefined): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (atMs === undefined) return;
    this.#alarm = this.#host.env.setTimer(Math.max(0, atMs - this.nowMs), () => this.#due());
  }

  #due(): void {
    const { timers } = this.#session.held.record;
    const { nowMs } = this;
    for (const { id, generation } of durability.due(timers, nowMs))
      if (this.#queue.addTimer(id, generation)) this.#stir();
    this.#wake(durability.nextDueMs(timers.filter(({ dueAtMs }) => dueAtMs > nowMs)));
  }

  // ---- turns ----

  /** Works on what waits: a batch, then a commit. */
  pump(): void {
    while (this.#phase === "live" && this.#host.mayHold() && this.#mayDraft) {
      // What is tried alone is noted in the record first.
      if (this.#careful && this.#session.writing !== undefined) return;
      const work = this.#retiring ? this.#queue.takeResult() : this.#queue.take();
      if (work === undefined) break;
      this.#turn(work);
    }
    if (this.#phase === "live") this.#commit();
    if (this.#retiring && this.#phase === "live") this.#retired();
  }

  get #mayDraft(): boolean {
    return this.#queue.drafted < this.#batchMax && !this.#historyWaits;
  }

  /** Its history is so far behind that the record would not hold more. */
  get #historyWaits(): boolean {
    if (this.#post.chronicler === undefined) return false;
    const { outbox } = durability.newest(this.#session);
    return waitingBytes(outbox.entries) >= waitingMaxBytes;
  }

  get #batchMax(): number {
    return this.#careful ? 1 : this.#definition.durability.batchMax;
  }

  get #batch(): Batch {
    const { next } = this.#queue;
    // Noted before it is begun, so that its attempts count from the first that is its own.
    const named = next?.kind === "message" || next?.kind === "timer" ? next : undefined;
    const trial = this.#careful && named !== undefined ? { cause: causeOf(named), attempts: 2 } : undefined;
    return { fresh: this.#session.draft === undefined, trial, sound: this.#commits >= soundCommits };
  }

  #turn(work: Work): void {
    const { closed } = durability.newest(this.#session);
    if (!closed && !this.#mind.ready && !this.#begun()) return this.#putDown(work, cannotBegin(this.address));
    if (work.kind === "message") this.#atHand = work;
    const moment = { nowMs: this.nowMs, poisonous: (poison: Work) => this.#attemptsAt(poison) };
    const received = receiveWork(this.#session, work, this.#mind, moment);
    if (received?.verdict === "faulty") this.#exceeded(work, received);
    else this.#took(work, received);
  }

  #took(work: Work, received: Received | undefined): void {
    if (received === undefined) return;
    this.#follow(received);
    if (received.verdict === "waits") this.#queue.defer(work);
    if (received.verdict !== "applied") return;
    this.#queue.draft(work);
    this.#queue.retry();
    const { postponed } = durability.newest(this.#session).state;
    if (postponed.length > 0 && (this.#mind.moved || work.kind === "postponed"))
      this.#queue.first({ kind: "postponed" });
    this.#mind.moved = false;
  }

  /** How many attempts at it have ended their process, where these are too many; a timer may be what it was woken for. */
  #attemptsAt(work: Work): number | undefined {
    if (!this.#poisonous || (work.kind !== "message" && work.kind !== "timer")) return undefined;
    const cause = this.#session.held.record.state.trial?.cause;
    const isIt = cause === causeOf(work) || (cause === resumption && work.kind === "timer");
    return isIt ? this.#attempts - 1 : undefined;
  }

  /** The machine of the newest state; of none, its first turn. @returns whether there is one */
  #begun(): boolean {
    const record = durability.newest(this.#session);
    if (record.state.snapshot !== undefined) {
      // In the midst of a batch: what it begins again waits for the commit.
      this.#mind.draft.push(this.#restored(record));
      return this.#mind.ready;
    }
    const received = durability.receiveLocal(
      this.#session,
      (unbegun) => this.#mind.begin(unbegun),
      this.#mind.limits,
    );
    if (received.verdict === "applied") this.#follow(received);
    return this.#mind.ready;
  }

  // ---- what cannot be done ----

  /** A limit of the record. */
  #exceeded(work: Work, { exceeds }: Received): void {
    this.#mind.draft.pop();
    const text = `${this.address} wanted more in one turn than ${exceeds} (${limits[exceeds ?? "sendsMax"]}) allows`;
    this.#putDown(work, new CoxswainError("MACHINE_LOOPED", text));
  }

  #putDown(work: Work, error: CoxswainError): void {
    if (work.kind === "message") this.#atHand = work;
    this.#took(work, putDown(this.#session, work, this.#mind, error, this.nowMs));
  }

  /**
   * Data that cannot be stored is the fault of the turn that made it. Of a batch, each turn is tried again alone, from
   * the record that stands.
   */
  #unstorable(thrown: unknown): void {
    const error = isCoxswainError(thrown)
      ? thrown
      : new CoxswainError("MACHINE_INVALID", toWireError(thrown).message);
    const { held, confirmed } = this.#session;
    const again = this.#queue.takeBack();
    this.#session = { held, confirmed };
    this.#releases = [];
    this.#mind.draft = [];
    this.#mind.drop();
    const [culprit] = again;
    if (this.#careful && again.length === 1 && culprit !== undefined) this.#putDown(culprit, error);
    else this.#queue.again(again);
    if (!this.#careful && again.length === 0) this.#mind.cell.effectFailed(error, "its first state");
    this.#careful = true;
    this.#host.ready(this);
  }

  // ---- commits ----

  #commit(): void {
    const { writing, draft, confirmed } = this.#session;
    if (writing !== undefined) return;
    const full = (this.#queue.hasDeferred || this.#historyWaits) && confirmed.length > 0;
    if (draft === undefined && !full) return this.#rest();
    this.#releases = this.#mind.draft;
    this.#mind.draft = [];
    this.#queue.commit();
    this.#follow(durability.commit(this.#session, this.#host.nonce()));
  }

  #follow({ session, orders }: Move): void {
    if (session !== undefined) this.#session = session;
    for (const order of orders) this.#carryOut(order);
  }

  #carryOut(order: Order): void {
    switch (order.do) {
      case "write":
        return this.#writer.write(order.write);
      case "read":
        return this.#writer.read();
      case "acknowledge":
        return this.#host.acknowledge(order.entry);
      case "deadLetter":
        return this.#refuseLate(order.entry, order.reason);
      case "publish":
        return this.#post.publish(order.entry);
      case "wake":
        return this.#wake(order.atMs);
      case "stop":
        return this.leave("fenced");
      // Calls begin and end among the effects of their turn, in order.
      case "call":
      case "abort":
      case "reportUnknown":
    }
  }

  // ---- its record (RecordOwner) ----

  encode({ record }: AgentWrite): Uint8Array | undefined {
    try {
      const snapshot = persistKept(this.#definition, record.state.snapshot);
      const bytes = encodeRecord({ ...record, state: { ...record.state, snapshot } }, this.nowMs);
      this.#written = bytes;
      this.#host.sized(bytes.length - this.bytes);
      this.bytes = bytes.length;
      return bytes;
    } catch (error) {
      this.#unstorable(error);
      return undefined;
    }
  }

  answered(answer: durability.Answer): void {
    this.#settled(durability.answered(this.#session, answer));
  }

  readBack(stored: durability.Stored<AgentState, AgentMessage> | undefined): void {
    this.#settled(durability.readBack(this.#session, stored));
  }

  #settled(move: Move): void {
    if (move.session === undefined || move.session.writing !== undefined) return this.#follow(move);
    const releases = this.#releases;
    this.#session = move.session;
    this.#writer.committed();
    this.#attempts = 0;
    this.#commits++;
    this.#releases = [];
    this.#queue.committed();
    this.#queue.retry();
    this.#leaveSuspects();
    this.#post.answers(this.#session.held.record);
    this.#mind.release(releases);
    for (const order of move.orders) this.#carryOut(order);
    this.#check(() => this.#written);
    if (!this.isGone) this.#host.ready(this);
  }

  // ---- after a commit ----

  #refuseLate(entry: number, reason: "stale" | "closed"): void {
    const message = this.#atHand;
    if (message?.arrival.entry === entry) this.#post.refuseLate(this.#mind.cell, message, reason);
  }

  #confirmed(positions: readonly number[]): void {
    if (this.isGone) return;
    for (const position of positions) this.#session = durability.confirm(this.#session, position);
    this.#queue.retry();
    this.#host.ready(this);
  }

  /** Puts the record that stands into the history, where it is time. */
  #check(record: () => Uint8Array | undefined): void {
    if (this.#post.chronicler === undefined || this.isGone) return;
    const { turn, epoch, state } = this.#session.held.record;
    if (!Chronicler.isDue(turn, this.#mind.checkpoint ?? state.checkpoint)) return;
    const bytes = record();
    if (bytes === undefined) return;
    this.#post.chronicler.checkpoint({ turn, epoch, record: bytes }, (stored) => {
      this.#mind.checkpoint = stored;
    });
  }

  /** Nothing to do: after a moment the record is tidied, and after a while it leaves memory. */
  #rest(): void {
    this.#leaveSuspects();
    if (!this.resting || this.#idle !== undefined) return;
    const { held, confirmed } = this.#session;
    const { closed, state } = held.record;
    const untidy = confirmed.length > 0 || (!closed && state.unsent.length > 0);
    const { passivateAfterMs } = this.#definition.durability;
    const afterMs = untidy ? Math.min(tidyAfterMs, passivateAfterMs) : closed ? 0 : passivateAfterMs;
    this.#idle = this.#host.env.setTimer(afterMs, () => {
      this.#idle = undefined;
      if (!this.resting) return;
      if (untidy) this.#tidy();
      else this.leave();
    });
  }

  #tidy(): void {
    const { closed, epoch } = this.#session.held.record;
    if (closed) return this.#follow(durability.commit(this.#session, this.#host.nonce()));
    const tidy = { unsent: [], trial: undefined, soundEpoch: epoch };
    this.#session = durability.tidied(this.#session, (state) => ({ ...state, ...tidy }));
    this.#commit();
  }
}

function cannotBegin(address: ActorAddress): CoxswainError {
  return new CoxswainError("ACTOR_FAILED", `${address} cannot begin: its first turn failed`);
}
