import {
  type Answer,
  callOptionsOf,
  type Destination,
  type durability,
  type SelfWord,
} from "../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  CoxswainError,
  type Envelope,
  type Protocol,
  quote,
  type ReplyTo,
  replySchema,
  validate,
} from "../../protocols/index.ts";
import { answerEnvelope } from "../answers.ts";
import { outgoingBody, seal } from "../outbound.ts";
import { isOwnLife, isReplyTo } from "../voice.ts";
import { pathOf } from "../xstate/actor-paths.ts";
import type { Effect } from "../xstate/effects.ts";
import type { LocalActor } from "../xstate/tree-host.ts";
import type { Delayed } from "../xstate/turn-keeper.ts";
import type { AgentCell } from "./agent-cell.ts";
import {
  type AgentCall,
  type AgentMessage,
  type AgentRecord,
  type AgentState,
  type AgentStep,
  type Burial,
  type DelayedEvent,
  graveyard,
  type OpenQuestion,
} from "./agent-record.ts";
import { policyOf } from "./durability.ts";
import { nothingSaid, type Said } from "./history/recorder.ts";
import { boxMessageOf } from "./posting/pack.ts";

/** What is done when the turn is committed: by its tree of actors, or by us. */
export type Held = Effect | { readonly kind: "run"; readonly run: () => void };

/** What a turn answers to, as far as its sends need to know. */
export interface TurnCause {
  readonly envelope: Envelope | undefined;
  /** The timer that fires: what it sets again may count from when it was due. */
  readonly timer?: { readonly id: string; readonly dueAtMs: number; readonly message: unknown } | undefined;
}

/**
 * What one turn of an agent wants, collected while its machine runs. When the machine is at rest it is made into a
 * step of the record; nothing of it has happened before that is committed.
 */
export class TurnBook {
  readonly held: Held[] = [];
  readonly cause: TurnCause;
  /** Its moment: the beginning, and once it is a step, the end. */
  atMs: number;
  /** For a history; undefined where none is kept. */
  readonly said: Said | undefined;
  /** Whether the machine is in another state than before. */
  moved = false;
  /** What threw, if anything did: then nothing of the turn counts. */
  fault: { readonly error: unknown } | undefined;
  readonly #cell: AgentCell;
  readonly #record: AgentRecord;
  readonly #sends: durability.Send<AgentMessage>[] = [];
  /** Without a due time, they count from the end of the turn: whoever read a clock in it is not rung early. */
  readonly #alarms = new Map<string, { readonly message: DelayedEvent; readonly dueAtMs?: number }>();
  readonly #unset = new Set<string>();
  readonly #calls: durability.Call[] = [];
  readonly #aborts: string[] = [];
  #state: AgentState;
  #closes = false;

  /** @param fresh the first turn of a commit: what the one before had to send is sent. */
  constructor(cell: AgentCell, record: AgentRecord, cause: TurnCause, fresh: boolean) {
    this.#cell = cell;
    this.#record = record;
    this.cause = cause;
    this.atMs = cell.nowMs;
    this.said = cell.definition.durability.history ? nothingSaid() : undefined;
    this.#state = { ...record.state, trial: undefined, ...(fresh ? { unsent: [] } : {}) };
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Its number, once it is committed. */
  get turn(): number {
    return this.#record.turn + 1;
  }

  get epoch(): number {
    return this.#record.epoch;
  }

  get closes(): boolean {
    return this.#closes;
  }

  change(changes: Partial<AgentState>): void {
    this.#state = { ...this.#state, ...changes };
  }

  close(): void {
    this.#closes = true;
  }

  run(run: () => void): void {
    this.held.push({ kind: "run", run });
  }

  /** The step of the record. */
  step(snapshot: unknown): AgentStep {
    this.atMs = this.#cell.nowMs;
    return {
      state: { ...this.#state, snapshot },
      sends: this.#sends,
      unset: [...this.#unset],
      alarms: [...this.#alarms].map(([id, { message, dueAtMs }]) => {
        return { id, dueAtMs: dueAtMs ?? this.#fromMs(id) + message.delayMs, message };
      }),
      aborts: this.#aborts,
      calls: this.#calls,
      closes: this.#closes,
    };
  }

  // ---- what the tree wants (TurnKeeper) ----

  take(effects: readonly Effect[]): void {
    for (const effect of effects) this.#takeOne(effect);
  }

  #takeOne(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect.target, effect.event);
      case "start":
        this.#calls.push(this.#callOf(effect.actor));
        break;
      case "stop":
        this.#abort(pathOf(effect.actor));
        break;
      case "emit":
        this.said?.emitted.push(effect.event);
        break;
      default:
    }
    this.held.push(effect);
  }

  #send(target: unknown, event: { readonly type: string }): void {
    if (isOwnLife(target)) return this.#ofItself(event as SelfWord);
    if (isReplyTo(target)) return target.$replyTo === "" ? undefined : this.answer(target, event as Answer);
    this.post(this.#sealed(target as Destination, event));
  }

  #ofItself(word: SelfWord): void {
    if (word.type === "stop") this.#closes = true;
  }

  /** @throws MESSAGE_INVALID */
  #sealed({ $to, protocol, grant }: Destination, event: { readonly type: string }): Envelope {
    const { node, address } = this.#cell;
    const to = actorAddress($to);
    const origin = { from: address, cause: this.cause.envelope };
    const body = outgoingBody(protocol, to, event);
    return seal(node, origin, protocol, to, event.type, body, grant === undefined ? undefined : { grant });
  }

  /** As the machine's own `tell`. */
  tell(protocol: Protocol, to: ActorAddress, message: { readonly type: string }): void {
    this.post(this.#sealed({ $to: to, protocol }, message));
  }

  /** To an agent by the outbox; to a volatile actor when the turn is committed, at most once. @throws PAYLOAD_TOO_LARGE, MESSAGE_INVALID */
  post(envelope: Envelope): void {
    const { node, address } = this.#cell;
    const to = envelope.to as ActorAddress;
    this.said?.sent.push(envelope);
    if (node.inboxesOf(to) !== undefined) {
      // What no inbox could take would be in the way of all that follows it.
      boxMessageOf(address, envelope, undefined, node.limits);
      this.#sends.push({ to, message: envelope });
    } else this.run(() => this.#cell.publish(envelope, to));
  }

  #callOf(actor: LocalActor): durability.Call {
    const call: AgentCall = { path: pathOf(actor), causeId: this.cause.envelope?.id };
    return { call, effect: callOptionsOf(actor.logic)?.effect ?? "atLeastOnce" };
  }

  /** Paths of the calls under way that a message has caused. */
  callsCausedBy(id: string): readonly string[] {
    const calls = this.#record.intents.map(({ call }) => call as AgentCall);
    return calls.filter(({ causeId }) => causeId === id).map(({ path }) => path);
  }

  #abort(path: string): void {
    const at = this.#calls.findIndex(({ call }) => (call as AgentCall).path === path);
    if (at >= 0) {
      // Begun and given up in one turn: it never was.
      this.#calls.splice(at, 1);
      const begun = this.held.findIndex((each) => each.kind === "start" && pathOf(each.actor) === path);
      if (begun >= 0) this.held.splice(begun, 1);
      return;
    }
    const intent = this.#record.intents.find(({ call }) => (call as AgentCall).path === path);
    if (intent !== undefined) this.#aborts.push(intent.key);
  }

  // ---- timers ----

  arm({ source, id, delayMs, event, target }: Delayed): void {
    const name = `${source}|${id ?? `#${this.#record.turn}.${this.#alarms.size}`}`;
    const message: DelayedEvent = { source, id: name, delayMs, event, target: this.#targetOf(target, event) };
    this.#alarms.set(name, { message });
  }

  /** What a timer that was missed sets again counts from when it was due, if all missed ones are wanted. */
  #fromMs(name: string): number {
    const { timer } = this.cause;
    const { atMs } = this;
    if (timer?.id !== name) return atMs;
    const { missed } = policyOf(this.#cell.definition.durability, name);
    return missed === "all" ? Math.min(timer.dueAtMs, atMs) : atMs;
  }

  /** The same timer, later. */
  again(message: DelayedEvent, dueAtMs: number): void {
    this.#alarms.set(message.id, { message, dueAtMs });
  }

  /** What was sent with a delay to somebody else. */
  sendLate({ target, event }: DelayedEvent): void {
    if ("envelope" in target) this.post({ ...target.envelope, sentAtMs: this.atMs });
    if ("question" in target) this.answer({ question: target.question }, event as Answer);
  }

  #targetOf(target: Delayed["target"], event: { readonly type: string }): DelayedEvent["target"] {
    if ("path" in target) return target;
    if (isReplyTo(target.data)) return { question: target.data.question };
    return { envelope: this.#sealed(target.data as Destination, event) };
  }

  disarm(source: string, id: string | undefined): void {
    const prefix = `${source}|`;
    const names = [...this.#record.timers.map((timer) => timer.id), ...this.#alarms.keys()];
    for (const name of names) {
      if (id === undefined ? !name.startsWith(prefix) : name !== prefix + id) continue;
      this.#alarms.delete(name);
      this.#unset.add(name);
    }
  }

  // ---- questions ----

  open(question: OpenQuestion): void {
    this.change({ questions: { ...this.#state.questions, [question.id]: question } });
  }

  /** @throws REPLY_INVALID, after the asker was told */
  answer(to: Pick<ReplyTo, "question">, given: Answer): void {
    const question = this.#state.questions[to.question];
    if (question === undefined) return this.run(() => this.#cell.countLateReply());
    const { [question.id]: _, ...questions } = this.#state.questions;
    this.change({ questions });
    if (given.type === "refusal") {
      const refused = new CoxswainError("REFUSED", given.reason, { details: given.details ?? {} });
      return this.#give(question, { ok: false, error: refused });
    }
    const schema = replySchema(this.#cell.definition.protocol, question.type);
    const checked = schema === undefined ? undefined : validate(schema, given.value);
    if (checked?.ok) return this.#give(question, { ok: true, value: given.value });
    const issues = checked?.issues ?? "it is no question";
    throw new CoxswainError(
      "REPLY_INVALID",
      `Expected a reply to ${question.type}: ${issues}; got ${quote(given.value)}`,
    );
  }

  /** A question's answer, kept for those who ask again with its key. */
  #give(question: OpenQuestion, given: { ok: true; value: unknown } | { ok: false; error: unknown }): void {
    for (const asker of [question, ...question.joined]) this.reply(asker, given);
    // A failed first try must not be the answer for those who try again.
    if (question.key === undefined || !given.ok) return;
    const { answersMax, answerWindowMs } = this.#cell.definition.durability;
    const { atMs } = this;
    const kept = Object.entries(this.#state.answers).filter(
      ([, answer]) => answer.atMs > atMs - answerWindowMs,
    );
    const answers = Object.fromEntries(
      [...kept, [question.key, { value: given.value, atMs }]].slice(-answersMax),
    );
    this.change({ answers });
  }

  /** An open question is not answered after all. */
  refuse(question: OpenQuestion, error: unknown): void {
    const { [question.id]: _, ...questions } = this.#state.questions;
    this.change({ questions });
    this.#give(question, { ok: false, error });
  }

  /** Published with the commit. */
  reply(
    asker: Omit<OpenQuestion, "joined" | "key">,
    given: { ok: true; value: unknown } | { ok: false; error: unknown },
  ): void {
    const { node, address } = this.#cell;
    const envelope = answerEnvelope(node, given.ok ? address : "", asker, given);
    this.said?.answered.push({ question: asker.id, type: asker.type, answer: envelope });
    this.change({ unsent: [...this.#state.unsent, { to: asker.reply, envelope, json: asker.json }] });
  }

  /** For the dead letters, as soon as the turn is committed, and until they have it. */
  bury(burial: Burial): void {
    this.#sends.push({ to: graveyard, message: burial });
  }
}
