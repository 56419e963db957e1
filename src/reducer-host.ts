import type { AnyEventObject, Snapshot } from "xstate";
import type { Answer } from "../machines/index.ts";
import { type ActorAddress, CoxswainError, type Protocol, type ReplyTo } from "../protocols/index.ts";
import type { ReducerBehaviour, ReducerTurn } from "./actor.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Cell } from "./cell.ts";
import type { Verdict } from "./xstate/host.ts";

/** Runs a plain reducer as a machine is run: effects are held until it returned, a throw ends at the wall. */
export class ReducerHost implements Behaviour {
  readonly #reducer: ReducerBehaviour;
  readonly #cell: Cell;
  readonly #turn: HeldTurn;
  #state: unknown;
  #fault: unknown;
  #faulted = false;

  constructor(reducer: ReducerBehaviour, cell: Cell, input: unknown) {
    this.#reducer = reducer;
    this.#cell = cell;
    this.#turn = new HeldTurn(cell);
    try {
      this.#state = settled(reducer.initial(input), "initial");
    } catch (error) {
      this.#fault = error;
      this.#faulted = true;
    }
  }

  get snapshot(): Snapshot<unknown> {
    return { status: "active", output: undefined, error: undefined, context: this.#state } as never;
  }

  start(): void {
    if (this.#faulted) this.#cell.failed(this.#fault);
  }

  receive(event: AnyEventObject): Verdict {
    this.#turn.begin(event.replyTo);
    try {
      this.#state = settled(this.#reducer.receive(this.#state, event as never, this.#turn), "receive");
    } catch (error) {
      this.#turn.forgo();
      this.#cell.failed(error);
      return "taken";
    }
    this.#turn.release();
    return "taken";
  }

  signal(): Verdict {
    return "unexpected";
  }

  get starting(): boolean {
    return false;
  }

  get busy(): boolean {
    return false;
  }

  postpones(): boolean {
    return false;
  }

  cancelCalls(): void {}

  stop(): void {
    this.#turn.forgo();
  }

  persist(): unknown {
    return this.#state;
  }
}

type Effect = () => void;

/** What a reducer may do with its turn: held until it has returned. One for each actor, for all its turns. */
class HeldTurn implements ReducerTurn {
  readonly #cell: Cell;
  #question: ReplyTo | undefined;
  #effects: Effect[] | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  begin(question: ReplyTo | undefined): void {
    this.#question = question;
  }

  /** Nothing of what it wanted is done. */
  forgo(): void {
    this.#effects = undefined;
  }

  /** All of it is done, in order. */
  release(): void {
    const effects = this.#effects;
    if (effects === undefined) return;
    this.#effects = undefined;
    const may = this.#cell.mayRelease();
    for (const effect of effects) {
      if (may) effect();
      else this.#cell.withheld("send", "of a reducer");
    }
  }

  get self(): ActorAddress {
    return this.#cell.address;
  }

  get nowMs(): number {
    return this.#cell.env.nowMs();
  }

  reply(value: unknown): void {
    this.#answer({ type: "answer", value });
  }

  refuse(reason: string): void {
    this.#answer({ type: "refusal", reason });
  }

  tell(protocol: Protocol, to: ActorAddress, message: object): void {
    this.#hold(() => this.#cell.send({ $to: to, protocol }, message as AnyEventObject));
  }

  emit(event: object): void {
    this.#hold(() => this.#cell.emit(event as AnyEventObject));
  }

  stop(reason?: string): void {
    const outcome =
      reason === undefined ? { kind: "stopped" as const } : { kind: "stopped" as const, reason };
    this.#hold(() => this.#cell.endWith(outcome));
  }

  #answer(given: Answer): void {
    const to = this.#question;
    if (to !== undefined) this.#hold(() => this.#cell.send(to, given));
  }

  #hold(effect: Effect): void {
    this.#effects ??= [];
    this.#effects.push(effect);
  }
}

/** The state, which has to be there when the turn ends: a promise would be the state of the next message. */
export function settled(state: unknown, what: "initial" | "receive"): unknown {
  if (!(state instanceof Promise)) return state;
  // Its rejection would be nobody's, and end the process.
  state.catch(() => {});
  throw new CoxswainError(
    "MACHINE_INVALID",
    `Expected ${what} to return a state, got a promise; use a machine with fromCall for what takes time`,
  );
}
