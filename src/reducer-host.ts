import type { AnyEventObject, Snapshot } from "xstate";
import type { Answer } from "../machines/index.ts";
import { type ActorAddress, CoxswainError, type Protocol, type ReplyTo } from "../protocols/index.ts";
import type { ReducerBehaviour, ReducerTurn } from "./actor.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Cell } from "./cell.ts";
import type { Verdict } from "./xstate/host.ts";

type Effect = () => void;

/** Runs a plain reducer as a machine is run: effects are held until it returned, a throw ends at the wall. */
export class ReducerHost implements Behaviour {
  readonly #reducer: ReducerBehaviour;
  readonly #cell: Cell;
  readonly #turn: ReducerTurn;
  #state: unknown;
  #effects: Effect[] | undefined;
  #question: ReplyTo | undefined;
  #fault: unknown;
  #faulted = false;

  constructor(reducer: ReducerBehaviour, cell: Cell, input: unknown) {
    this.#reducer = reducer;
    this.#cell = cell;
    this.#turn = this.#makeTurn();
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
    this.#question = event.replyTo;
    try {
      this.#state = settled(this.#reducer.receive(this.#state, event as never, this.#turn), "receive");
    } catch (error) {
      this.#effects = undefined;
      this.#cell.failed(error);
      return "taken";
    }
    if (this.#effects !== undefined) this.#release();
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
    this.#effects = undefined;
  }

  persist(): unknown {
    return this.#state;
  }

  #release(): void {
    const effects = this.#effects ?? [];
    this.#effects = undefined;
    const may = this.#cell.mayRelease();
    for (const effect of effects) {
      if (may) effect();
      else this.#cell.withheld("send", "of a reducer");
    }
  }

  #hold(effect: Effect): void {
    this.#effects ??= [];
    this.#effects.push(effect);
  }

  #makeTurn(): ReducerTurn {
    const cell = this.#cell;
    const answer = (given: Answer): void => {
      const to = this.#question;
      if (to !== undefined) this.#hold(() => cell.send(to, given));
    };
    return {
      self: cell.address,
      get nowMs() {
        return cell.env.nowMs();
      },
      reply: (value) => answer({ type: "answer", value }),
      refuse: (reason) => answer({ type: "refusal", reason }),
      tell: (protocol: Protocol, to: ActorAddress, message) =>
        this.#hold(() => cell.send({ $to: to, protocol }, message as AnyEventObject)),
      emit: (event) => this.#hold(() => cell.emit(event as AnyEventObject)),
      stop: (reason) =>
        this.#hold(() =>
          cell.endWith(reason === undefined ? { kind: "stopped" } : { kind: "stopped", reason }),
        ),
    };
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
