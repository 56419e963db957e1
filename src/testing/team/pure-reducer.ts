import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { ReplyTo } from "../../../protocols/index.ts";
import type { ReducerBehaviour, ReducerTurn } from "../../actor.ts";
import { settled } from "../../reducer-host.ts";
import type { ActorScope } from "../../xstate/tree-host.ts";
import { type PureLogic, type Stepped, threw, type Word } from "./pure-logic.ts";
import type { ReducerMember } from "./team-options.ts";

/** What reducers have in common: any message is taken, none of the runtime's own events, and there are no states. */
abstract class PureReducer implements PureLogic {
  abstract first(input: unknown): Stepped;
  abstract next(at: AnyMachineSnapshot, event: AnyEventObject): Stepped;

  takes(): boolean {
    return true;
  }
  hears(): boolean {
    return false;
  }
  postpones(): boolean {
    return false;
  }
  /** A reducer calls nobody. */
  ended(at: AnyMachineSnapshot): Stepped {
    return { snapshot: at, words: [], error: undefined };
  }
}

/** A plain reducer, as `defineActor` takes them. */
export class PlainReducer extends PureReducer {
  readonly #reducer: ReducerBehaviour;
  readonly #address: string;

  constructor({ initial, receive }: ReducerMember, address: string) {
    super();
    this.#reducer = { initial, receive } as unknown as ReducerBehaviour;
    this.#address = address;
  }

  first(input: unknown): Stepped {
    try {
      return stateless({ context: settled(this.#reducer.initial(input), "initial") }, []);
    } catch (error) {
      return threw(error);
    }
  }

  override next({ context }: AnyMachineSnapshot, event: AnyEventObject): Stepped {
    const words: Word[] = [];
    try {
      const turn = turnOf(this.#address, event.replyTo, words);
      return stateless(
        { context: settled(this.#reducer.receive(context, event as never, turn), "receive") },
        words,
      );
    } catch (error) {
      return threw(error);
    }
  }
}

function turnOf(address: string, asker: ReplyTo | undefined, words: Word[]): ReducerTurn {
  const say = (target: unknown, event: object): void =>
    void words.push({ kind: "say", target, event: event as AnyEventObject });
  const answer = (event: object): void => {
    if (asker !== undefined) say(asker, event);
  };
  return {
    self: address as ReducerTurn["self"],
    // A team is explored in every order: what a reducer does must not hang on the time.
    nowMs: 0,
    reply: (value) => answer({ type: "answer", value }),
    refuse: (reason) => answer({ type: "refusal", reason }),
    tell: (protocol, to, message) => say({ $to: to, protocol }, message),
    emit: (event) => void words.push({ kind: "emit", event: event as AnyEventObject }),
    stop: (reason) => say({ $self: true }, { type: "stop", reason }),
  };
}

/** `fromTransition`, and any logic that only makes a snapshot of a snapshot and an event. */
export class TransitionLogic extends PureReducer {
  readonly #logic: AnyActorLogic;
  readonly #address: string;

  constructor(logic: AnyActorLogic, address: string) {
    super();
    this.#logic = logic;
    this.#address = address;
  }

  first(input: unknown): Stepped {
    return this.#step((scope) => this.#logic.getInitialSnapshot(scope, input as never));
  }

  override next(at: AnyMachineSnapshot, event: AnyEventObject): Stepped {
    return this.#step((scope) => this.#logic.transition(at, event, scope));
  }

  #step(run: (scope: never) => object): Stepped {
    const words: Word[] = [];
    const nothing = (): void => {};
    const system = { get: nothing, getAll: () => ({}), _relay: nothing };
    const id = this.#address;
    const send = (event: AnyEventObject): void => void words.push({ kind: "own", event });
    const self = { id, sessionId: id, system, send };
    const emit = (event: AnyEventObject): void => void words.push({ kind: "emit", event });
    const scope = { self, system, id, sessionId: id, emit, logger: nothing, defer: nothing };
    try {
      return stateless(run(scope as unknown as ActorScope as never), words);
    } catch (error) {
      return threw(error);
    }
  }
}

const blank = {
  status: "active",
  output: undefined,
  error: undefined,
  value: {},
  children: {},
  historyValue: {},
};

/** A snapshot as machines have them, without states. */
function stateless(snapshot: object, words: readonly Word[]): Stepped {
  return {
    snapshot: { ...blank, ...snapshot } as unknown as AnyMachineSnapshot,
    words,
    error: undefined,
  };
}
