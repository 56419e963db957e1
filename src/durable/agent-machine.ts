import type { AnyActorLogic, AnyEventObject } from "xstate";
import type { Answer } from "../../machines/index.ts";
import { type ActorAddress, CoxswainError, type Protocol, type ReplyTo } from "../../protocols/index.ts";
import type { ReducerBehaviour, ReducerTurn } from "../actor.ts";
import { settled } from "../reducer-host.ts";
import type { Effect } from "../xstate/effects.ts";
import { Hosted, type Verdict } from "../xstate/host.ts";
import type { Arrival } from "../xstate/turn-keeper.ts";
import type { AgentCell } from "./agent-cell.ts";
import type { DelayedEvent } from "./agent-record.ts";
import type { DurableDefinition } from "./durability.ts";
import { revivedEvent, type StoredArrival } from "./history/stored-arrival.ts";

/** What a turn has left, cheap to keep; {@link persistKept} makes it data. */
type Kept = { readonly live: unknown } | { readonly data: unknown };

/** What decides inside a durable agent. Each method that runs user code is a turn, written into the cell's book. */
export interface AgentMachine {
  /** The first turn; or, of one restored, what its running calls need to be begun again. */
  start(): void;
  receive(event: AnyEventObject): Verdict;
  postpones(type: string): boolean;
  turnFor(arrival: Arrival): void;
  fire(delayed: DelayedEvent): void;
  carryOut(effect: Effect): void;
  /** Instead of beginning a call. */
  failCall(start: Effect & { readonly kind: "start" }, error: unknown): void;
  /** Instead of beginning a call whose result is known: its code does not run. */
  feignCall(start: Effect & { readonly kind: "start" }): void;
  /** What had arrived once, as data; undefined where it finds nobody. */
  arrivalOf(stored: StoredArrival): Arrival | undefined;
  /** Aborts the signal of a running call. */
  abortCall(path: string, reason: unknown): void;
  keep(): Kept;
  stop(): void;
}

export interface MachineStart {
  readonly input: unknown;
  /** What {@link persistKept} gave; undefined for a first start. */
  readonly kept: { readonly data: unknown } | undefined;
}

/** @throws OPTION_INVALID for an actor in a thread or process of its own */
export function agentMachine(cell: AgentCell, start: MachineStart): AgentMachine {
  const { behaviour } = cell.definition;
  switch (behaviour.kind) {
    case "logic":
      return new LogicMachine(cell, behaviour.logic, start);
    case "reducer":
      return new ReducerMachine(cell, behaviour.reducer, start);
    case "hosted":
      throw new CoxswainError(
        "OPTION_INVALID",
        `${cell.address}: a durable agent runs in its node, not hosted`,
      );
  }
}

/** As it is stored. What came from the store is as it is. @throws what is no data, such as a child without a named `src` */
export function persistKept(
  { behaviour }: DurableDefinition,
  kept: unknown,
): { readonly data: unknown } | undefined {
  if (kept === undefined) return undefined;
  const { live, data } = kept as { readonly live?: never; readonly data?: unknown };
  if (live === undefined || behaviour.kind !== "logic") return { data };
  return { data: behaviour.logic.getPersistedSnapshot(live) };
}

class LogicMachine implements AgentMachine {
  readonly #hosted: Hosted;

  constructor(cell: AgentCell, logic: AnyActorLogic, { input, kept }: MachineStart) {
    this.#hosted = new Hosted(logic, cell, input, kept?.data, cell);
  }

  start(): void {
    this.#hosted.start();
  }

  receive(event: AnyEventObject): Verdict {
    return this.#hosted.receive(event);
  }

  postpones(type: string): boolean {
    return this.#hosted.postpones(type);
  }

  turnFor(arrival: Arrival): void {
    this.#hosted.tree.turnFor(arrival);
  }

  fire({ source, target, event }: DelayedEvent): void {
    if ("path" in target) this.#hosted.tree.fire(source, target, event);
  }

  carryOut(effect: Effect): void {
    this.#hosted.tree.carryOut([effect]);
  }

  failCall({ actor }: Effect & { readonly kind: "start" }, error: unknown): void {
    this.#hosted.tree.failCall(actor, error);
  }

  feignCall({ actor }: Effect & { readonly kind: "start" }): void {
    this.#hosted.tree.feign(actor);
  }

  arrivalOf(stored: StoredArrival): Arrival | undefined {
    if ("emits" in stored)
      return { what: { kind: "emit", event: stored.emits, handlers: [] }, cause: undefined, depth: 0 };
    if ("effect" in stored) return { what: { kind: "log", args: [] }, cause: undefined, depth: 0 };
    const { source, target, event } = stored;
    return this.#hosted.tree.arrivalOf(source, target, revivedEvent(event));
  }

  abortCall(path: string, reason: unknown): void {
    this.#hosted.tree.calls.cancelAt(path, reason);
  }

  keep(): Kept {
    const { tree } = this.#hosted;
    return tree.alone ? { live: tree.snapshot } : { data: tree.persist() };
  }

  stop(): void {
    this.#hosted.stop();
  }
}

/** A plain reducer: its state is data, and what it wants is written into the book at once. */
class ReducerMachine implements AgentMachine {
  readonly #cell: AgentCell;
  readonly #reducer: ReducerBehaviour;
  readonly #turn: ReducerTurn;
  readonly #start: MachineStart;
  #state: unknown;
  #question: ReplyTo | undefined;

  constructor(cell: AgentCell, reducer: ReducerBehaviour, start: MachineStart) {
    this.#cell = cell;
    this.#reducer = reducer;
    this.#start = start;
    this.#turn = this.#makeTurn();
  }

  start(): void {
    const { kept, input } = this.#start;
    if (kept !== undefined) this.#state = kept.data;
    else this.#become("initial", () => this.#reducer.initial(input));
  }

  receive(event: AnyEventObject): Verdict {
    this.#question = event.replyTo;
    this.#become("receive", () => this.#reducer.receive(this.#state, event as never, this.#turn));
    return "taken";
  }

  #become(what: "initial" | "receive", compute: () => unknown): void {
    try {
      this.#state = settled(compute(), what);
    } catch (error) {
      this.#cell.failed(error);
    }
  }

  postpones(): boolean {
    return false;
  }

  turnFor(): void {}

  fire(): void {}

  carryOut(): void {}

  failCall(): void {}

  feignCall(): void {}

  arrivalOf(): undefined {}

  abortCall(): void {}

  keep(): Kept {
    return { data: this.#state };
  }

  stop(): void {}

  #makeTurn(): ReducerTurn {
    const cell = this.#cell;
    const want = (effect: Effect): void => cell.hold([effect]);
    const answer = (given: Answer): void => {
      if (this.#question !== undefined) want({ kind: "send", target: this.#question, event: given });
    };
    return {
      self: cell.address,
      get nowMs() {
        return cell.nowMs;
      },
      reply: (value) => answer({ type: "answer", value }),
      refuse: (reason) => answer({ type: "refusal", reason }),
      tell: (protocol: Protocol, to: ActorAddress, message) =>
        want({ kind: "send", target: { $to: to, protocol }, event: message as AnyEventObject }),
      emit: (event) => cell.book?.run(() => cell.emit(event as AnyEventObject)),
      stop: () => cell.book?.close(),
    };
  }
}
