import { durability } from "../../machines/index.ts";
import {
  type ActorAddress,
  CoxswainError,
  type Envelope,
  toWireError,
  type WireError,
} from "../../protocols/index.ts";
import { publishFact } from "../facts.ts";
import { pathOf } from "../xstate/actor-paths.ts";
import type { Arrival as TreeArrival } from "../xstate/turn-keeper.ts";
import { AgentCell, type AgentInside } from "./agent-cell.ts";
import type { AgentHost } from "./agent-host.ts";
import { type AgentMachine, agentMachine, persistKept } from "./agent-machine.ts";
import type { AgentCall, AgentRecord, AgentStep, DelayedEvent, Trial } from "./agent-record.ts";
import { type DurableDefinition, policyOf } from "./durability.ts";
import { causeOf, cutOf, historian, recorded } from "./history/recorder.ts";
import type { StoredArrival } from "./history/stored-arrival.ts";
import { type Opened, refuseLetter, takeMessage } from "./message-turn.ts";
import { shortened, tellSupervisor } from "./supervision.ts";
import { type Held, TurnBook, type TurnCause } from "./turn-book.ts";
import type { Work } from "./work-queue.ts";

/** What a turn wants done, until it is committed. */
export interface Release {
  readonly cause: Envelope | undefined;
  readonly held: readonly Held[];
}

/** What is known of the batch that a turn is part of. */
export interface Batch {
  /** Whether it is the first: what the commit before had to answer is answered. */
  readonly fresh: boolean;
  /** What is tried next, where it may be what kills the process. */
  readonly trial: Trial | undefined;
  /** Whether this activation has been seen to work. */
  readonly sound: boolean;
}

/** A turn that failed: the machine threw, or the runtime did not give it. */
interface Fault {
  readonly by: "machine" | "runtime";
  readonly error: WireError;
}

/** A durable agent's machine and what its turns come to: each a step of the record, and what to do once it is committed. */
export class AgentMind {
  readonly cell: AgentCell;
  /** Of the turns that no commit has taken up yet. */
  draft: Release[] = [];
  /** The machine is in another state: what was held back may be taken. */
  moved = false;
  /** What the turn at hand is for, as a history tells it; undefined of the very first. */
  work: Work | undefined;
  /** Of a history: the turn of the latest checkpoint that this activation has put there. */
  checkpoint: number | undefined;
  readonly #host: Pick<AgentHost, "node" | "fingerprint">;
  readonly #definition: DurableDefinition;
  readonly #batch: () => Batch;
  #machine: AgentMachine | undefined;

  constructor(
    host: Pick<AgentHost, "node" | "fingerprint">,
    address: ActorAddress,
    definition: DurableDefinition,
    parts: { readonly inside: AgentInside; readonly batch: () => Batch },
  ) {
    this.#host = host;
    this.#definition = definition;
    this.#batch = parts.batch;
    this.cell = new AgentCell(host.node, address, definition, parts.inside);
  }

  /** Of its records: where a history is kept, each turn sends it one message more. */
  get limits(): durability.RecordLimits {
    const { recordLimits } = durability;
    const { history } = this.#definition.durability;
    return history ? { ...recordLimits, sendsMax: recordLimits.sendsMax + 1 } : recordLimits;
  }

  /** Whether there is a machine to give turns to. */
  get ready(): boolean {
    return this.#machine !== undefined;
  }

  postpones(type: string): boolean {
    return this.#machine?.postpones(type) ?? false;
  }

  drop(): void {
    this.#machine?.stop();
    this.#machine = undefined;
  }

  // ---- the beginning of a machine ----

  /** The very first turn. */
  begin(record: AgentRecord): AgentStep {
    this.work = undefined;
    return this.decide(record, { envelope: undefined }, (book) => {
      const { inputOf, durability } = this.#definition;
      if (durability.history) book.change({ checkpoint: 0 });
      const input = inputOf?.(undefined as never, { self: this.cell.address, owner: undefined });
      this.#machine = agentMachine(this.cell, { input, kept: undefined });
      this.#machine.start();
    });
  }

  /**
   * The machine as it was left. Its calls begin again with the effects that are given back: at once where the record is
   * committed. One that is made at most once and may have been made is told that nobody knows.
   *
   * @param claimed it was taken over just now
   * @param poisonous its calls have ended their process too often: they are told so, and not begun
   */
  restore(
    record: AgentRecord,
    committed: readonly durability.Intent[],
    poisonous: boolean,
    claimed = false,
  ): Release {
    const again: Held[] = [];
    this.cell.restoring = again;
    try {
      const kept = persistKept(this.#definition, record.state.snapshot);
      this.#machine = agentMachine(this.cell, { input: undefined, kept });
      this.#machine.start();
    } catch (error) {
      this.drop();
      this.cell.effectFailed(error, "its restart");
    }
    this.cell.restoring = undefined;
    // A claim finds calls of its own epoch only where nobody can have made them yet: those of a fork.
    const isNew = (intent: durability.Intent): boolean => claimed && intent.epoch >= record.epoch;
    const begun = committed.filter((intent) => poisonous || !isNew(intent));
    return { cause: undefined, held: again.map((effect) => this.#begunAgain(effect, begun, poisonous)) };
  }

  #begunAgain(effect: Held, committed: readonly durability.Intent[], poisonous: boolean): Held {
    if (effect.kind !== "start") return effect;
    const path = pathOf(effect.actor);
    const intent = committed.find(({ call }) => (call as AgentCall).path === path);
    if (intent === undefined || (intent.effect === "atLeastOnce" && !poisonous)) return effect;
    const name = `${this.cell.address}#${intent.key}`;
    const error = poisonous
      ? new CoxswainError("MESSAGE_POISONOUS", `The call ${name} has ended its process too often`)
      : new CoxswainError("OUTCOME_UNKNOWN", `The call ${name} may have been made, and is made at most once`);
    return { kind: "run", run: () => this.#machine?.failCall(effect, error) };
  }

  // ---- turns ----

  message(record: AgentRecord, opened: Opened): AgentStep {
    const cause = { envelope: opened.envelope };
    const act = (book: TurnBook): void => takeMessage(this.cell, this.#machine as AgentMachine, book, opened);
    return this.decide(record, cause, act, opened);
  }

  /** What arrived of a call, or from within. */
  arrival(record: AgentRecord, arrival: TreeArrival): AgentStep {
    return this.decide(record, { envelope: undefined }, () => this.#machine?.turnFor(arrival));
  }

  timer(record: AgentRecord, timer: durability.Timer<unknown>, nowMs: number): AgentStep {
    const delayed = timer.message as DelayedEvent;
    const { id, dueAtMs } = timer;
    const { delayMs } = delayed;
    const { missed } = policyOf(this.#definition.durability, id);
    const lateMs = nowMs - dueAtMs;
    return this.decide(record, { envelope: undefined, timer }, (book) => {
      if (missed === "skip" && delayMs > 0 && lateMs >= delayMs)
        book.again(delayed, dueAtMs + delayMs * (Math.floor(lateMs / delayMs) + 1));
      else if ("path" in delayed.target) this.#machine?.fire(delayed);
      else book.sendLate(delayed);
    });
  }

  /** One turn: what the machine makes of it, or, where it throws, that it failed. */
  decide(record: AgentRecord, cause: TurnCause, act: (book: TurnBook) => void, opened?: Opened): AgentStep {
    const book = this.#book(record, cause);
    this.cell.book = book;
    let kept: unknown;
    try {
      act(book);
      if (book.fault === undefined) kept = this.#machine?.keep();
    } catch (error) {
      book.fault ??= { error };
    }
    this.cell.book = undefined;
    if (book.fault !== undefined) return this.faulted(record, cause, book.fault.error, opened, "machine");
    if (book.moved) this.moved = true;
    if (book.closes) this.#close(book);
    return this.#finish(book, kept, opened);
  }

  #book(record: AgentRecord, cause: TurnCause): TurnBook {
    return new TurnBook(this.cell, record, cause, this.#batch().fresh);
  }

  #finish(book: TurnBook, snapshot: unknown, opened: Opened | undefined, fault?: Fault): AgentStep {
    this.draft.push({ cause: book.cause.envelope, held: book.held });
    const { version } = this.#definition.durability;
    const { trial, sound } = this.#batch();
    const soundEpoch = sound ? { soundEpoch: book.epoch } : {};
    book.change({ version, fingerprint: this.#host.fingerprint, trial, ...soundEpoch });
    return book.said === undefined ? book.step(snapshot) : this.#chronicled(book, snapshot, opened, fault);
  }

  /** With word of itself for the history, which is part of the commit. */
  #chronicled(
    book: TurnBook,
    snapshot: unknown,
    opened: Opened | undefined,
    fault: Fault | undefined,
  ): AgentStep {
    const { said, turn, epoch } = book;
    if (said === undefined) return book.step(snapshot);
    const cause = causeOf(this.work, opened, book.cause.timer);
    if (cutOf(cause) !== undefined) {
      this.checkpoint = undefined;
      book.change({ checkpoint: undefined });
    } else if (this.checkpoint !== undefined) book.change({ checkpoint: this.checkpoint });
    const step = book.step(snapshot);
    const { atMs } = book;
    const entry = recorded({ turn, atMs, epoch, cause, said, step, fault });
    return { ...step, sends: [...(step.sends ?? []), { to: historian, message: { entry } }] };
  }

  /** The machine threw: it goes on from where it was, and what it threw at is put down. */
  faulted(
    record: AgentRecord,
    cause: TurnCause,
    error: unknown,
    opened: Opened | undefined,
    by: Fault["by"] = "runtime",
  ): AgentStep {
    this.drop();
    const { node } = this.#host;
    const { address } = this.cell;
    const book = this.#book(record, cause);
    const wire = toWireError(error);
    if (opened !== undefined)
      refuseLetter(this.cell, book, opened, "ACTOR_FAILED", `${address} failed at it: ${wire.message}`);
    const messageId = cause.envelope === undefined ? {} : { messageId: cause.envelope.id };
    const failure = { agent: address, error: shortened(wire), ...messageId };
    tellSupervisor(this.cell, book, { type: "agentFailed", ...failure });
    book.run(() => {
      publishFact(node, address, "failed", { error: wire, ...messageId });
      node.report({ level: "error", message: `${address} failed: ${wire.message}`, address, error });
    });
    return this.#finish(book, record.state.snapshot, opened, { by, error: wire });
  }

  /** A message that has ended its process too often is put down before the next attempt. */
  quarantine(record: AgentRecord, opened: Opened, attempts: number): AgentStep {
    const { node } = this.#host;
    const { address } = this.cell;
    const book = this.#book(record, { envelope: opened.envelope });
    const reason = `${attempts} attempts to work on it ended with their process`;
    refuseLetter(this.cell, book, opened, "MESSAGE_POISONOUS", reason);
    const messageId = opened.envelope === undefined ? {} : { messageId: opened.envelope.id };
    const what = { agent: address, attempts, reason, ...messageId };
    tellSupervisor(this.cell, book, { type: "agentQuarantined", ...what });
    book.run(() => {
      publishFact(node, address, "quarantined", { attempts, reason, ...messageId });
      node.report({ level: "error", message: `${address}: ${reason}`, address });
    });
    return this.#finish(book, record.state.snapshot, opened);
  }

  /** It ends for good: whoever waits for an answer is told. */
  #close(book: TurnBook): void {
    const { address } = this.cell;
    const error = new CoxswainError("NO_REPLY", `${address} has ended before it answered`);
    for (const question of Object.values(book.state.questions)) book.refuse(question, error);
    book.run(() => publishFact(this.#host.node, address, "stopped", { kind: "done" }));
  }

  // ---- instead of a commit ----

  /** Nothing that its turns wanted is done; calls wait for what is known to have come of them. */
  feign(releases: readonly Release[] = this.draft): void {
    this.draft = [];
    for (const { held } of releases)
      for (const each of held) if (each.kind === "start") this.#machine?.feignCall(each);
  }

  arrivalOf(stored: StoredArrival): TreeArrival | undefined {
    return this.#machine?.arrivalOf(stored);
  }

  // ---- after a commit ----

  release(releases: readonly Release[]): void {
    for (const { cause, held } of releases) {
      this.cell.releasing = cause;
      for (const each of held) this.#do(each);
    }
    this.cell.releasing = undefined;
  }

  #do(held: Held): void {
    try {
      if (held.kind === "run") held.run();
      else this.#machine?.carryOut(held);
    } catch (error) {
      this.cell.effectFailed(error, `an effect (${held.kind})`);
    }
  }
}
