import type { AnyEventObject, AnyMachineSnapshot, Snapshot } from "xstate";
import type { Actors, Answer } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  CoxswainError,
  type Envelope,
  type ErrorCode,
  type MessageId,
  quote,
  type ReplyTo,
  toWireError,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { refuse } from "./answers.ts";
import type { Behaviour } from "./behaviour.ts";
import { CellQuestions } from "./cell-questions.ts";
import type { Env } from "./env/env.ts";
import { publishEnd, publishFact } from "./facts.ts";
import { Life } from "./life.ts";
import type { Owner } from "./links.ts";
import { type Incoming, Mailbox } from "./mailbox.ts";
import type { Node } from "./node.ts";
import { ReducerHost } from "./reducer-host.ts";
import { Voice } from "./voice.ts";
import { type HostCell, Hosted, type Verdict } from "./xstate/host.ts";

/**
 * One living actor: its mailbox, its machine, its open questions, and the wall around them.
 * One external message is one turn; whatever is thrown in it ends here and becomes an outcome.
 */
export class Cell extends Voice implements HostCell {
  readonly address: ActorAddress;
  readonly definition: ActorDefinition;
  readonly node: Node;
  readonly behaviour: Behaviour;
  /** Names this life of the address: one that is started again has another. */
  readonly activation: string;
  /** Who started it, if an actor did. */
  readonly owner: Owner | undefined;
  handled = 0;
  outcome: ActorOutcome | undefined;
  #mailbox: Mailbox | undefined;
  #questions: CellQuestions | undefined;
  #life: Life | undefined;
  #actors: Actors | undefined;
  /** What the present turn works for. */
  #cause: Incoming | undefined;
  #inMessageTurn = false;
  #turning = false;
  #scheduled = false;
  #stateChanged = false;
  /** How the actor ends when the present turn is over. */
  #ending: ActorOutcome | undefined;
  /** What has to wait for the end of the present turn. */
  #afterTurn: (() => void)[] | undefined;

  constructor(node: Node, address: ActorAddress, definition: ActorDefinition, input: unknown, owner?: Owner) {
    super();
    this.node = node;
    this.address = address;
    this.definition = definition;
    this.owner = owner;
    this.activation = node.nextActivation();
    const { behaviour } = definition;
    this.behaviour =
      behaviour.kind === "reducer"
        ? new ReducerHost(behaviour.reducer, this, input)
        : new Hosted(behaviour.logic, this, input);
  }

  get env(): Env {
    return this.node.env;
  }

  get life(): Life {
    this.#life ??= new Life(this);
    return this.#life;
  }

  get actors(): Actors {
    this.#actors ??= this.node.actorsFor(this);
    return this.#actors;
  }

  /** Whether somebody asked it to end. */
  get asked(): boolean {
    return this.#life?.asked === true;
  }

  get starting(): boolean {
    return this.behaviour.starting;
  }

  get waiting(): number {
    return this.#mailbox?.waiting ?? 0;
  }

  get postponed(): number {
    return this.#mailbox?.postponed ?? 0;
  }

  /** Whether messages wait, or somebody waits for an answer of this actor. */
  get busy(): boolean {
    return this.waiting > 0 || this.postponed > 0 || (this.#questions?.awaited ?? false);
  }

  get oldestEnteredMs(): number | undefined {
    return this.#mailbox?.oldestEnteredMs();
  }

  start(): void {
    this.#turning = true;
    this.behaviour.start();
    this.#turning = false;
    this.#settle();
  }

  // ---- the way in ----

  /** The last stage of the boundary: a checked message enters the mailbox, or is refused. */
  enter(incoming: Incoming): void {
    if (this.outcome !== undefined) {
      return refuse(this.node, incoming, "ACTOR_STOPPED", `${this.address} has ended`);
    }
    const keyed = incoming.reply !== undefined && incoming.envelope.key !== undefined;
    if (keyed && this.#asked.shares(incoming)) return;
    this.#mailbox ??= new Mailbox(this.definition.limits);
    const evicted = this.#mailbox.enter(incoming);
    if (evicted !== undefined) {
      const { waitingMax } = this.definition.limits;
      this.#refuse(
        evicted,
        "MAILBOX_FULL",
        `The mailbox of ${this.address} holds ${waitingMax} messages, its limit`,
      );
    }
    this.#schedule();
  }

  /** Works on one message. @returns whether another one waits. */
  step(): boolean {
    const incoming = this.#mailbox?.next(this.behaviour);
    if (incoming !== undefined && this.outcome === undefined) {
      try {
        this.#work(incoming);
      } catch (error) {
        this.#broke(error, incoming.event.type);
      }
    }
    if (this.waiting > 0) return true;
    this.#scheduled = false;
    // An idle actor keeps no mailbox: most of 100,000 are idle.
    if (this.postponed === 0) this.#mailbox = undefined;
    return false;
  }

  /** The last wall: a throw here would end the process, and with it all cells of this node. */
  #broke(error: unknown, type: string): void {
    const message = `${this.address}: the runtime threw in the turn of ${type}`;
    const broken = new CoxswainError("INVARIANT_BROKEN", message, { cause: error });
    this.node.report({ level: "error", message, address: this.address, error });
    this.#cause = undefined;
    this.#inMessageTurn = false;
    this.finish({ kind: "failed", error: toWireError(broken) });
  }

  #work(incoming: Incoming): void {
    const { envelope, event } = incoming;
    if (envelope.deadlineMs !== undefined && envelope.deadlineMs < this.env.nowMs()) {
      const text = `The deadline of ${envelope.type} passed while it waited`;
      return this.#giveUp(incoming, "DEADLINE_EXCEEDED", text);
    }
    if (this.behaviour.postpones(event.type)) return this.#postpone(incoming);
    if (incoming.reply !== undefined && !this.#asked.open(incoming)) return;
    this.#turn(incoming);
  }

  #turn(incoming: Incoming): void {
    const { telemetry } = this.node;
    if (telemetry === undefined) this.#receive(incoming);
    else telemetry.turn(this.address, incoming, () => this.#receive(incoming));
    this.#turning = false;
    this.#settle();
  }

  /** @returns the error's text if the actor failed */
  #receive(incoming: Incoming): string | undefined {
    this.#cause = incoming;
    this.#turning = true;
    this.#inMessageTurn = true;
    const verdict = this.behaviour.receive(incoming.event);
    this.#inMessageTurn = false;
    this.#cause = undefined;
    if (this.#ending?.kind === "failed") {
      const { message } = this.#ending.error;
      this.#refuse(incoming, "ACTOR_FAILED", `${this.address} failed: ${message}`);
      return message;
    }
    if (verdict === "ended") {
      this.#refuse(incoming, "ACTOR_STOPPED", `${this.address} had ended`);
      return undefined;
    }
    if (verdict === "unexpected") {
      const state = quote((this.behaviour.snapshot as AnyMachineSnapshot).value);
      this.#refuse(
        incoming,
        "MESSAGE_UNEXPECTED",
        `${this.address} cannot take ${incoming.event.type} in state ${state}`,
      );
      return undefined;
    }
    this.handled++;
    this.node.counts.handled++;
    return undefined;
  }

  #postpone(incoming: Incoming): void {
    if (this.#mailbox?.postpone(incoming)) return;
    const expired = this.#mailbox?.removeExpired(this.env.nowMs());
    if (expired !== undefined) {
      this.#mailbox?.postpone(incoming);
      return this.#giveUp(
        expired,
        "DEADLINE_EXCEEDED",
        `The deadline of ${expired.envelope.type} passed while it waited`,
      );
    }
    const message = `${this.address} holds back ${this.postponed} messages, its limit`;
    this.#refuse(incoming, "POSTPONED_FULL", message);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.node.scheduler.ready(this);
  }

  /** After every turn: end if the turn said so, take up what was postponed if the state changed. */
  #settle(): void {
    if (this.#ending !== undefined) return this.finish(this.#ending);
    if (this.#stateChanged) {
      this.#stateChanged = false;
      this.#life?.turned();
      if (this.#mailbox?.resume()) this.#schedule();
    }
    if (this.#afterTurn !== undefined) this.#goOn(this.#afterTurn);
  }

  #goOn(waiting: readonly (() => void)[]): void {
    this.#afterTurn = undefined;
    for (const run of waiting) run();
  }

  // ---- the control lane ----

  /** The asker withdrew: a waiting question never runs; calls it caused are aborted. */
  cancel(id: string): void {
    const waiting = this.#mailbox?.remove(id);
    if (waiting !== undefined)
      return this.#giveUp(waiting, "CANCELLED", `${waiting.envelope.type} was withdrawn`);
    const reason = new CoxswainError("CANCELLED", "The asker withdrew");
    if (this.#questions?.cancel(id as MessageId, reason) === "shared") return;
    this.behaviour.cancelCalls((cause) => (cause as Incoming | undefined)?.envelope.id === id, reason);
  }

  /** A waiting message ends by its own sender's choice: those who share the question still want the answer. */
  #giveUp(incoming: Incoming, code: ErrorCode, text: string): void {
    const heirs = this.#questions?.disown(incoming) ?? [];
    this.#refuse(incoming, code, text);
    for (const heir of heirs) this.enter(heir);
  }

  /** A turn for an event of the runtime: at once, or after the present turn. */
  signal(event: AnyEventObject, over: (verdict: Verdict) => void = () => {}): void {
    if (this.outcome !== undefined) return;
    if (this.#turning) {
      this.#afterTurn ??= [];
      this.#afterTurn.push(() => this.signal(event, over));
      return;
    }
    this.#turning = true;
    const verdict = this.behaviour.signal(event);
    this.#turning = false;
    this.#settle();
    over(verdict);
  }

  endWith(outcome: ActorOutcome): void {
    if (this.#turning) this.#ending ??= outcome;
    else this.finish(outcome);
  }

  finish(outcome: ActorOutcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.behaviour.stop();
    this.node.roots.forget(this);
    const why: ErrorCode = outcome.kind === "failed" ? "ACTOR_FAILED" : "ACTOR_STOPPED";
    const text = `${this.address} ended (${outcome.kind}) before ${why === "ACTOR_FAILED" ? "this was answered" : "its turn"}`;
    this.#questions?.end(text);
    for (const incoming of this.#mailbox?.takeAll() ?? []) refuse(this.node, incoming, why, text);
    publishEnd(this.node, this.address, outcome);
    if (this.owner === undefined) this.node.topEnded(this, outcome);
    else this.node.remember(this.owner, this.activation, outcome);
    this.node.links.forget(this);
    this.#life?.ended(outcome);
  }

  // ---- what the machine does (HostCell) ----

  cause(): unknown {
    return this.#cause;
  }

  begin(cause: unknown): boolean {
    if (this.outcome !== undefined) return false;
    this.#cause = cause as Incoming | undefined;
    this.#turning = true;
    return true;
  }

  end(before: Snapshot<unknown>, after: Snapshot<unknown>): void {
    const from = (before as AnyMachineSnapshot).value;
    const to = (after as AnyMachineSnapshot).value;
    if (from !== to) {
      this.#stateChanged = true;
      if (this.node.facts.changed) publishFact(this.node, this.address, "changed", { value: to, from });
    }
    if (this.#inMessageTurn) return;
    this.#cause = undefined;
    this.#turning = false;
    this.#settle();
  }

  effectFailed(error: unknown, what: string): void {
    this.node.report({
      level: "error",
      message: `${this.address}: ${what} failed`,
      address: this.address,
      error,
    });
    this.#ending ??= { kind: "failed", error: toWireError(error) };
    // What an action left behind may fail between two turns.
    if (!this.#turning && this.outcome === undefined) this.finish(this.#ending);
  }

  mayRelease(): boolean {
    const deadlineMs = this.#inMessageTurn ? this.#cause?.envelope.deadlineMs : undefined;
    return deadlineMs === undefined || deadlineMs >= this.env.nowMs();
  }

  done(output: unknown): void {
    this.#ending ??= this.asked ? this.life.stopped() : { kind: "done", output };
  }

  failed(error: unknown): void {
    this.#ending = { kind: "failed", error: toWireError(error) };
  }

  announced(info: unknown): void {
    this.life.info = info;
  }

  protected get causedBy(): Envelope | undefined {
    return this.#cause?.envelope;
  }

  protected answer(to: ReplyTo, given: Answer): void {
    this.#asked.answer(to, given);
  }

  get #asked(): CellQuestions {
    this.#questions ??= new CellQuestions(this);
    return this.#questions;
  }

  /** A message is not worked on. A question may have others waiting for the same answer. */
  #refuse(incoming: Incoming, code: ErrorCode, text: string): void {
    if (incoming.reply === undefined) refuse(this.node, incoming, code, text);
    else this.#asked.refuse(incoming, code, text);
  }
}
