import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { Protocol } from "../../../protocols/index.ts";
import type { ActionCall, ActorScope } from "../../xstate/tree-host.ts";
import { misfitOf } from "./misfit.ts";
import { type Delayed, type Said, wordOf } from "./said.ts";
import type { Microstep } from "./seen.ts";

/**
 * The surroundings of one machine in which nothing is carried out: what it wants done is written down, its children
 * exist and never run, its time does not pass.
 */
export class ModelSystem {
  readonly scope: ActorScope;
  readonly self: { readonly id: string; readonly sessionId: string; readonly system: ModelSystem };
  said: Said[] = [];
  /** What was said of the clock, in order. */
  delays: (Delayed | { readonly cancel: string })[] = [];
  toItself: AnyEventObject[] = [];
  microsteps: Microstep[] = [];
  /** What the runtime would not let out, and fail the actor for. */
  misfit: unknown;
  readonly #protocol: Protocol | undefined;
  #children: AnyMachineSnapshot["children"] = {};
  #booked = 0;

  constructor(id: string, protocol: Protocol | undefined) {
    this.#protocol = protocol;
    const parent = { id: "parent", sessionId: "parent", system: this, send: () => {} };
    const nothing = (): void => {};
    const self = { id, sessionId: id, system: this, _parent: parent, send: nothing, getSnapshot: nothing };
    this.self = self;
    this.scope = {
      self,
      id,
      sessionId: id,
      system: this,
      logger: nothing,
      emit: nothing,
      defer: nothing,
      stopChild: nothing,
      actionExecutor: (action: ActionCall) => this.#take(action),
    } as unknown as ActorScope;
  }

  /** A step begins, from these children. */
  open(children: AnyMachineSnapshot["children"]): void {
    this.said = [];
    this.delays = [];
    this.toItself = [];
    this.microsteps = [];
    this.misfit = undefined;
    this.#children = children;
    this.#booked = 0;
  }

  #take(action: ActionCall): void {
    const word = wordOf(action, this.self);
    if (word?.kind === "said") {
      this.said.push(word.said);
      this.misfit ??= misfitOf(this.#protocol, word.said, action);
    }
    if (word?.kind === "toItself") this.toItself.push(word.event);
    if (word?.kind === "later") {
      const { delayMs, event, id = event.type } = word.delayed;
      this.delays.push(word.delayed);
      this.said.push({ kind: "timer", id, delayMs, event });
    }
    if (word?.kind === "cancel") {
      this.delays.push({ cancel: word.id });
      this.said.push({ kind: "cancel", id: word.id });
    }
  }

  // What XState wants of an actor system.

  /** The same names for the same step, or no two states would be alike. */
  _bookId(): string {
    let id: string;
    do id = `x:${this.#booked++}`;
    while (this.#children[id] !== undefined);
    return id;
  }
  _sendInspectionEvent(event: {
    readonly type: string;
    readonly actorRef?: unknown;
    readonly event?: AnyEventObject;
    readonly snapshot?: AnyMachineSnapshot;
    readonly _transitions?: Microstep["transitions"];
  }): void {
    if (event.type !== "@xstate.microstep" || event.actorRef !== this.self) return;
    const { event: cause, snapshot, _transitions: transitions } = event;
    this.microsteps.push({ event: cause, snapshot, transitions } as Microstep);
  }
  get(systemId: string): unknown {
    return Object.values(this.#children).find(
      (child) => (child as { systemId?: string } | undefined)?.systemId === systemId,
    );
  }
  getAll(): Record<string, never> {
    return {};
  }
  get scheduler(): { schedule(): void; cancel(): void; cancelAll(): void } {
    return { schedule: () => {}, cancel: () => {}, cancelAll: () => {} };
  }
  _logger(): void {}
  _clock: undefined;
  _register(sessionId: string): string {
    return sessionId;
  }
  _unregister(): void {}
  _set(): void {}
  _relay(): void {}
}
