import type { AnyEventObject, AnyMachineSnapshot, Snapshot } from "xstate";
import type { Actors, Answer } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  CoxswainError,
  type Envelope,
  type ReplyTo,
  toWireError,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { refuse } from "./answers.ts";
import type { Behaviour } from "./behaviour.ts";
import { behaviourOf } from "./behaviour-of.ts";
import type { Env } from "./env/env.ts";
import { publishEnd, publishFact } from "./facts.ts";
import { Inbox } from "./inbox.ts";
import { Life } from "./life.ts";
import type { Owner } from "./links.ts";
import type { Incoming } from "./mailbox.ts";
import type { Node } from "./node.ts";
import type { TurnSpan } from "./telemetry.ts";
import { Voice } from "./voice.ts";
import type { HostCell, Verdict } from "./xstate/host.ts";

interface Turn {
  /** The message it is for; undefined for an event of the runtime. */
  readonly incoming: Incoming | undefined;
  readonly span: TurnSpan | undefined;
  readonly over: ((verdict: Verdict) => void) | undefined;
}
const noMessage: Turn = { incoming: undefined, span: undefined, over: undefined };

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
  #inbox: Inbox | undefined;
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
  /** A turn that is carried out elsewhere. */
  #pending: Turn | undefined;

  constructor(node: Node, address: ActorAddress, definition: ActorDefinition, input: unknown, owner?: Owner) {
    super();
    this.node = node;
    this.address = address;
    this.definition = definition;
    this.owner = owner;
    this.activation = node.nextActivation();
    this.behaviour = behaviourOf(this, input);
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

  /** The watchers of a node that left. */
  forgetWatchers(incarnation: string): void {
    this.#life?.forgetWatchers(incarnation);
  }

  /** Whether somebody asked it to end. */
  get asked(): boolean {
    return this.#life?.asked === true;
  }

  get starting(): boolean {
    return this.behaviour.starting;
  }

  get waiting(): number {
    return this.#inbox?.waiting ?? 0;
  }

  get postponed(): number {
    return this.#inbox?.postponed ?? 0;
  }

  /** Whether messages wait or are worked on, or somebody waits for an answer of this actor. */
  get busy(): boolean {
    const pending = this.#pending?.incoming !== undefined;
    return pending || this.waiting > 0 || this.postponed > 0 || (this.#inbox?.awaited ?? false);
  }

  get oldestEnteredMs(): number | undefined {
    return this.#inbox?.oldestEnteredMs;
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
    this.#inbox ??= new Inbox(this);
    if (this.#inbox.enter(incoming)) this.#schedule();
  }

  /** Works on one message. @returns whether another one waits. */
  step(): boolean {
    if (this.behaviour.busy) return this.#rest();
    const incoming = this.#inbox?.next(this.behaviour);
    if (incoming !== undefined && this.outcome === undefined) {
      try {
        if (this.#inbox?.admits(incoming, this.behaviour)) this.#turn(incoming);
      } catch (error) {
        this.#broke(error, incoming.event.type);
      }
    }
    return (this.waiting > 0 && !this.behaviour.busy) || this.#rest();
  }

  #rest(): false {
    this.#scheduled = false;
    this.#inbox?.tidy();
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

  // ---- turns ----

  #turn(incoming: Incoming): void {
    const span = this.node.telemetry?.turn(this.address, incoming);
    this.#run({ incoming, span, over: undefined }, () => this.behaviour.receive(incoming.event));
  }

  /** A turn that was pending, or the actor's start, is over: `said` does what was said in it. */
  complete(said: () => Verdict): void {
    const turn = this.#pending ?? noMessage;
    this.#pending = undefined;
    // Whoever waits for its start waits for a change of state.
    if (turn === noMessage) this.#stateChanged = true;
    try {
      this.#run(turn, said);
    } catch (error) {
      this.#broke(error, turn.incoming?.event.type ?? "the runtime");
    }
    if (this.waiting > 0 && this.outcome === undefined) this.#schedule();
  }

  #run(turn: Turn, act: () => Verdict): void {
    const { span } = turn;
    const verdict = span === undefined ? this.#act(turn, act) : span.within(() => this.#act(turn, act));
    this.#turning = false;
    this.#settle();
    if (verdict !== "pending") turn.over?.(verdict);
  }

  #act(turn: Turn, act: () => Verdict): Verdict {
    const { incoming, span } = turn;
    this.#cause = incoming;
    this.#turning = true;
    this.#inMessageTurn = incoming !== undefined;
    const verdict = act();
    this.#inMessageTurn = false;
    this.#cause = undefined;
    if (verdict === "pending") this.#pending = turn;
    else if (incoming !== undefined) {
      const failure = this.#ending?.kind === "failed" ? this.#ending.error.message : undefined;
      if (this.#inbox?.over(incoming, verdict, failure) === "handled") this.handled++;
      span?.end(failure);
    }
    return verdict;
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
      if (this.#inbox?.resume()) this.#schedule();
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
    const reason = new CoxswainError("CANCELLED", "The asker withdrew");
    if (this.#inbox?.cancel(id, reason) !== "settled") this.behaviour.cancelCalls(id, reason);
  }

  /** A turn for an event of the runtime: at once, or after the present turn. */
  signal(event: AnyEventObject, over: (verdict: Verdict) => void = () => {}): void {
    if (this.outcome !== undefined) return;
    if (this.#turning || this.behaviour.busy) {
      this.#afterTurn ??= [];
      this.#afterTurn.push(() => this.signal(event, over));
      return;
    }
    this.#run({ ...noMessage, over }, () => this.behaviour.signal(event));
  }

  endWith(outcome: ActorOutcome): void {
    if (this.#turning || this.#pending !== undefined) this.#ending ??= outcome;
    else this.finish(outcome);
  }

  finish(outcome: ActorOutcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.behaviour.stop();
    this.node.roots.forget(this);
    this.#inbox?.end(outcome, this.#pending?.incoming);
    this.#pending?.span?.end(outcome.kind);
    this.#pending = undefined;
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

  idOf(cause: unknown): string | undefined {
    return (cause as Incoming | undefined)?.envelope.id;
  }

  begin(cause: unknown): boolean {
    // What a turn that failed set off has no turn of its own.
    if (this.outcome !== undefined || this.#ending?.kind === "failed") return false;
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
    this.#inbox ??= new Inbox(this);
    this.#inbox.answer(to, given);
  }
}
