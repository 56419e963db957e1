import type { AnyActorLogic, AnyActorRef, AnyEventObject } from "xstate";
import { CoxswainError } from "../../protocols/index.ts";
import { accelerate } from "./accelerate.ts";
import { actorAt, pathOf, targetOf } from "./actor-paths.ts";
import { type CallContext, Calls } from "./calls.ts";
import { CellSystem } from "./cell-system.ts";
import { type Effect, type LocalEffects, release } from "./effects.ts";
import type { HostCell } from "./host-cell.ts";
import {
  childrenOf,
  createRoot,
  deliver,
  failureOf,
  feignFailure,
  feignStart,
  forgetChild,
  isActor,
  isIn,
  isInvoked,
  isMachine,
  isOutgoing,
  isRunning,
  isStopped,
  listenersOf,
  parentOf,
  replaceSnapshot,
  requestStop,
  stopNow,
} from "./internals.ts";
import { faultOf, loopedError } from "./looped.ts";
import { isReducer, Reducer } from "./reducer.ts";
import { Timers } from "./timers.ts";
import type { ActionCall, AnySnapshot, LocalActor, TreeHost } from "./tree-host.ts";
import type { Arrival, TurnKeeper } from "./turn-keeper.ts";

/** Events between the actors of a tree in one turn; more are taken to go in circles. */
const localSendsMax = 100_000;
/** Turns that follow from one another without a pause; more are taken to go in circles. */
const turnDepthMax = 1_000;

/**
 * A root actor with all its local children, run in turns.
 *
 * - `idle`: at rest.
 * - `turning`: an event runs through the tree. Events between its actors are delivered at once,
 *   effects are collected.
 * - `releasing`: effects are carried out; what comes of them waits for a turn of its own.
 * - `ended`: done, failed or stopped; disposed of.
 *
 * With a keeper, effects, timers and what arrives are the keeper's, who gives the tree its turns.
 */
export class Tree implements TreeHost, LocalEffects {
  readonly #cell: HostCell;
  readonly #keeper: TurnKeeper | undefined;
  readonly #system: CellSystem;
  readonly #root: LocalActor | Reducer;
  #phase: "idle" | "turning" | "releasing" | "ended" = "idle";
  #effects: Effect[] | undefined;
  #arrivals: Arrival[] | undefined;
  /** Children that ended in this turn. */
  #finished: LocalActor[] | undefined;
  #timers: Timers | undefined;
  #calls: Calls | undefined;
  #looped = false;
  #turns = 0;
  #depth = 0;
  #localSends = 0;

  constructor(logic: AnyActorLogic, cell: HostCell, input: unknown, snapshot: unknown, keeper?: TurnKeeper) {
    this.#cell = cell;
    this.#keeper = keeper;
    this.#system = new CellSystem(this);
    const options = { id: cell.address, input, snapshot };
    this.#root = isReducer(logic)
      ? new Reducer(logic, this.#system, options)
      : createRoot(logic, this.#system, options);
  }

  get snapshot(): AnySnapshot {
    return this.#root instanceof Reducer ? this.#root.snapshot : this.#root.getSnapshot();
  }

  get ended(): boolean {
    return this.#phase === "ended";
  }

  start(): void {
    const before = this.#open(0);
    this.#root.start();
    this.#close(before);
    this.#drain();
  }

  /** Before an event is judged by the present state: what waits goes first. */
  prepare(): void {
    if (this.#phase === "turning" || this.#phase === "releasing") {
      throw new CoxswainError(
        "INVARIANT_BROKEN",
        `${this.#cell.address} got a message in the midst of a turn`,
      );
    }
    this.#drain();
  }

  /** A turn of the root, and those that follow from its effects. */
  take(event: AnyEventObject): void {
    const before = this.#open(0);
    if (this.#root instanceof Reducer) this.#root.take(event);
    else deliver(this.#root, event);
    this.#close(before);
    this.#drain();
  }

  persist(): unknown {
    return this.#root instanceof Reducer ? this.#root.persist() : this.#root.getPersistedSnapshot();
  }

  /** Whether the root's snapshot is all there is to persist. */
  get alone(): boolean {
    return this.#root instanceof Reducer || Object.keys(childrenOf(this.#root)).length === 0;
  }

  // For a keeper.

  /** A turn for what had arrived. */
  turnFor(arrival: Arrival): void {
    this.#turnOf(arrival);
  }

  /** A turn for a delayed event. Actors are named by their paths; one that is gone gets nothing. */
  fire(
    sourcePath: string,
    target: { readonly path: string } | { readonly data: unknown },
    event: AnyEventObject,
  ): void {
    const source = actorAt(this.#actor, sourcePath);
    const to = "path" in target ? actorAt(this.#actor, target.path) : target.data;
    const before = this.#open(0);
    if (to !== undefined) this.#pass(source, to, event);
    this.#close(before);
  }

  /** Carries out what a keeper has held. */
  carryOut(effects: readonly Effect[]): void {
    const resting = this.#phase === "idle";
    if (resting) this.#phase = "releasing";
    release(effects, this.#cell, this);
    if (resting && this.#phase === "releasing") this.#phase = "idle";
  }

  /** Instead of starting a call: its code does not run, and what came of it is told by {@link arrivalOf}. */
  feign(actor: LocalActor): void {
    if (!isStopped(actor)) feignStart(actor);
  }

  /** What had arrived once, from and for the actors that are here now; undefined where it is for one that is gone. */
  arrivalOf(
    sourcePath: string | undefined,
    to: { readonly path: string } | { readonly data: unknown },
    event: AnyEventObject,
  ): Arrival | undefined {
    const source = sourcePath === undefined ? undefined : actorAt(this.#actor, sourcePath);
    const target = "path" in to ? actorAt(this.#actor, to.path) : to.data;
    if (target === undefined) return undefined;
    const failed = source !== undefined && target !== source && event.type.startsWith("xstate.error.actor.");
    if (failed && !isStopped(source)) feignFailure(source, event.error);
    return { what: { source, target, event }, cause: undefined, depth: 0 };
  }

  get #actor(): LocalActor {
    return this.#root instanceof Reducer ? this.#root.actor() : this.#root;
  }

  /** Instead of starting a call: its parent hears that it failed. */
  failCall(actor: LocalActor, error: unknown): void {
    const event = isStopped(actor) ? undefined : failureOf(actor, error);
    if (event === undefined) return this.calls.fail(actor, error);
    // It fails in the turn that tells its parent: nothing between may see, or store, a call that has failed and stands.
    feignStart(actor);
    this.#arrive({ source: actor, target: actor, event }, undefined);
  }

  stop(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    if (this.#root instanceof Reducer) this.#root.stop();
    else stopNow(this.#root);
    this.#dispose();
  }

  get calls(): Calls {
    this.#calls ??= new Calls(this.#cell);
    return this.#calls;
  }

  /** For the logic of a call, which finds this tree through its system. */
  callContext(self: AnyActorRef): CallContext {
    return this.calls.context(self as LocalActor);
  }

  // A turn.

  #open(depth: number): AnySnapshot {
    this.#phase = "turning";
    this.#depth = depth;
    this.#turns++;
    this.#localSends = 0;
    return this.snapshot;
  }

  #close(before: AnySnapshot): void {
    if (this.#looped) this.#fail(loopedError());
    if (this.#finished !== undefined) this.#reap(this.#finished);
    const effects = this.#effects;
    this.#effects = undefined;
    if (effects !== undefined && this.#phase === "turning" && this.snapshot.status !== "error") {
      if (this.#keeper !== undefined) this.#keeper.hold(effects);
      else {
        this.#phase = "releasing";
        release(effects, this.#cell, this);
      }
    }
    const after = this.snapshot;
    if (this.#phase !== "ended") {
      if (after.status === "active") this.#phase = "idle";
      else this.#end(after);
    }
    this.#cell.end(before, after);
  }

  #end(last: AnySnapshot): void {
    this.#phase = "ended";
    this.#dispose();
    if (last.status === "error") this.#cell.failed(faultOf(last.error));
    else this.#cell.done(last.output);
  }

  #dispose(): void {
    this.#timers?.clear();
    this.#calls?.stopAll();
    const arrivals = this.#arrivals ?? [];
    this.#arrivals = undefined;
    for (const { what } of arrivals) if (!("kind" in what)) this.#lose(what.event, what.target);
  }

  /** Gives turns to what arrived meanwhile, unless one is going on. */
  #drain(): void {
    while (this.#phase === "idle" && this.#arrivals !== undefined) {
      const arrival = this.#arrivals.shift();
      if (arrival === undefined) this.#arrivals = undefined;
      else if (this.#cell.begin(arrival.cause)) this.#turnOf(arrival);
    }
  }

  #turnOf({ what, depth }: Arrival): void {
    const before = this.#open(depth);
    if (depth > turnDepthMax) this.#looped = true;
    else if ("kind" in what) this.#want(what);
    else this.#pass(what.source, what.target, what.event);
    this.#close(before);
  }

  #arrive(what: Arrival["what"], cause: unknown): void {
    if (this.#phase === "ended") return;
    const releasing = this.#phase === "releasing";
    const arrival = { what, cause, depth: releasing ? this.#depth + 1 : 0 };
    if (this.#keeper !== undefined) return this.#keeper.arrived(arrival);
    this.#arrivals ??= [];
    this.#arrivals.push(arrival);
    this.#drain();
  }

  /** The cause of what an actor does on its own: its call's; of what effects do: the present turn's. */
  #causeFor(...actors: unknown[]): unknown {
    if (this.#phase === "releasing") return this.#cell.cause();
    for (const actor of actors) {
      if (isActor(actor) && this.#calls?.has(actor)) return this.#calls.causeOf(actor);
    }
    return undefined;
  }

  #want(effect: Effect, source?: LocalActor): void {
    if (this.#phase !== "turning") return this.#arrive(effect, this.#causeFor(source));
    this.#effects ??= [];
    this.#effects.push(effect);
  }

  #fail(error: CoxswainError): void {
    const failed = { ...this.snapshot, status: "error", output: undefined, error } as const;
    replaceSnapshot(this.#actor, failed);
  }

  #lose(event: AnyEventObject, target: unknown): void {
    if (event.type.startsWith("xstate.")) return;
    this.#cell.lost(event, isActor(target) ? target.id : "parent");
  }

  // Events.

  relay(source: LocalActor | undefined, target: unknown, event: AnyEventObject): void {
    const disposing = source !== undefined && this.#calls?.isStopping(source) === true;
    if (disposing && event.type.startsWith("xstate.error.actor.")) {
      this.#cell.effectFailed(event.error, `stop of ${source.id}`);
    } else if (this.#phase === "ended") return;
    else if (this.#phase === "turning") this.#pass(source, target, event);
    else if (isActor(target) && isStopped(target)) this.#lose(event, target);
    else this.#arrive({ source, target, event }, this.#causeFor(source, target));
  }

  #pass(source: LocalActor | undefined, target: unknown, event: AnyEventObject): void {
    if (target === this.#system) this.#lose(event, target);
    else if (!isActor(target)) this.#want({ kind: "send", target, event });
    else if (!isIn(target, this.#system)) this.#want({ kind: "deliver", actor: target, event });
    else if (++this.#localSends > localSendsMax) this.#looped = true;
    else {
      if (source !== undefined && isStopped(source) && parentOf(source) === target) this.#childEnded(source);
      if (isStopped(target)) this.#lose(event, target);
      else if (isOutgoing(target.logic) && !event.type.startsWith("xstate.")) {
        this.#want({ kind: "deliver", actor: target, event });
      } else deliver(target, event);
    }
  }

  #childEnded(child: LocalActor): void {
    this.#calls?.ended(child);
    this.#finished ??= [];
    this.#finished.push(child);
    // XState leaves the children of an actor that threw running.
    for (const orphan of Object.values(childrenOf(child))) if (orphan !== undefined) requestStop(orphan);
  }

  #reap(finished: readonly LocalActor[]): void {
    this.#finished = undefined;
    for (const child of finished) {
      const parent = parentOf(child);
      if (parent !== undefined && isRunning(parent) && !isInvoked(parent, child)) forgetChild(parent, child);
    }
  }

  deliverTo(actor: LocalActor, event: AnyEventObject): void {
    if (isStopped(actor)) this.#lose(event, actor);
    else if (isIn(actor, this.#system)) deliver(actor, event);
    else actor.send(event);
  }

  // Timers.

  arm(
    source: LocalActor,
    target: unknown,
    event: AnyEventObject,
    delayMs: number,
    id: string | undefined,
  ): void {
    if (this.#phase === "ended") return;
    if (this.#keeper !== undefined)
      return this.#keeper.arm({ source: pathOf(source), id, delayMs, event, target: targetOf(target) });
    const cause = this.#cell.cause();
    this.#timers ??= new Timers(this.#cell.env);
    this.#timers.arm(source, id, delayMs, {
      onDue: () => this.#arrive({ source, target, event }, cause),
      onLost:
        target === source || parentOf(source) === undefined ? undefined : () => this.#lose(event, target),
    });
  }
  disarm(source: LocalActor, id: string): void {
    this.#keeper?.disarm(pathOf(source), id);
    this.#timers?.disarm(source, id);
  }
  disarmAll(source: LocalActor): void {
    this.#keeper?.disarm(pathOf(source), undefined);
    this.#timers?.disarmAll(source);
  }

  // Effects.

  adopted(actor: LocalActor): void {
    if (isMachine(actor.logic)) accelerate(actor.logic);
  }
  act(call: ActionCall): void {
    this.#want({ kind: "action", call });
  }
  emitted(source: LocalActor | undefined, event: AnyEventObject): void {
    if (this.#phase === "ended") return;
    const handlers = source === undefined ? [] : listenersOf(source, event.type);
    this.#want({ kind: "emit", event, handlers }, source);
  }
  logged(args: readonly unknown[]): void {
    this.#want({ kind: "log", args });
  }
  listenerFailed(error: unknown, what: string): void {
    this.#cell.effectFailed(error, what);
  }

  starting(actor: LocalActor): void {
    if (this.calls.announce(actor, this.#turns)) this.#want({ kind: "start", actor });
  }
  forgone(actor: LocalActor): void {
    // A keeper may have written down that it is to start.
    if (this.#keeper !== undefined && this.#phase === "turning" && this.#calls?.has(actor))
      this.#want({ kind: "stop", actor });
  }
  stopping(actor: LocalActor): void {
    if (this.#phase === "ended") this.calls.stop(actor);
    else this.#want({ kind: "stop", actor });
  }
}
