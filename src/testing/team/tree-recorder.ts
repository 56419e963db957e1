import type { AnyEventObject } from "xstate";
import { accelerate } from "../../xstate/accelerate.ts";
import { pathOf } from "../../xstate/actor-paths.ts";
import type { CellSystem } from "../../xstate/cell-system.ts";
import {
  childrenOf,
  deliver,
  forgetChild,
  isActor,
  isIn,
  isInvoked,
  isMachine,
  isOutgoing,
  isRunning,
  isStopped,
  parentOf,
  requestStop,
} from "../../xstate/internals.ts";
import type { ActionCall, LocalActor, TreeHost } from "../../xstate/tree-host.ts";
import type { Word } from "./pure-logic.ts";
import { StepSystem } from "./step-system.ts";

/** Events between the actors of a tree in one step; more are taken to go in circles. */
const localSendsMax = 100_000;

/**
 * A tree of actors in which events between them run as they do in a cell, and all else is written down: its calls
 * exist and never run, its time does not pass.
 */
export class TreeRecorder implements TreeHost {
  readonly system: CellSystem;
  words: Word[] = [];
  /** Machines and reducers of the tree, as they came. */
  readonly adoptedActors: LocalActor[] = [];
  readonly finished: LocalActor[] = [];
  looped = false;
  /** While a tree is built again, what its actors say was said before. */
  isRestoring = false;
  readonly #started = new Map<LocalActor, Word>();
  #sends = 0;

  /** @param isTaken of names that actors without one of their own must not get */
  constructor(isTaken: (name: string) => boolean) {
    this.system = new StepSystem(this, isTaken);
  }

  relay(source: LocalActor | undefined, target: unknown, event: AnyEventObject): void {
    if (this.isRestoring || target === this.system) return;
    if (!isActor(target)) return void this.words.push({ kind: "say", target, event });
    const actor = isIn(target, this.system) ? target : this.at(nameOf(target));
    if (actor === undefined) return;
    if (++this.#sends > localSendsMax) {
      this.looped = true;
      return;
    }
    if (source !== undefined && isStopped(source) && parentOf(source) === actor) this.#childEnded(source);
    // To a call: what it does with it is not known.
    if (isStopped(actor) || (isOutgoing(actor.logic) && !event.type.startsWith("xstate."))) return;
    deliver(actor, event);
  }

  #childEnded(child: LocalActor): void {
    this.finished.push(child);
    // XState leaves the children of an actor that threw running.
    for (const orphan of Object.values(childrenOf(child))) if (orphan !== undefined) requestStop(orphan);
  }

  /** The step is over: XState would keep children that have ended for ever. */
  reap(): void {
    for (const child of this.finished) {
      const parent = parentOf(child);
      if (parent !== undefined && isRunning(parent) && !isInvoked(parent, child)) forgetChild(parent, child);
    }
    // What was stopped in the step it came in never starts.
    for (const [actor, word] of this.#started) {
      if (isStopped(actor) && !this.finished.includes(actor)) this.words.splice(this.words.indexOf(word), 1);
    }
  }

  starting(actor: LocalActor): void {
    if (this.isRestoring || this.#started.has(actor)) return;
    const { id, src, logic } = actor;
    const { input } = actor.getSnapshot() as { readonly input?: unknown };
    const child = nameOf(actor);
    const word: Word = { kind: "call", child, src: typeof src === "string" ? src : id, logic, input };
    this.#started.set(actor, word);
    this.words.push(word);
  }
  /** No call ever runs. */
  stopping(): void {}
  forgone(): void {}

  arm(source: LocalActor, target: unknown, event: AnyEventObject, delayMs: number, id?: string): void {
    const to = isActor(target) ? nameOf(target) : target;
    this.words.push({ kind: "later", from: nameOf(source), to, id, delayMs, event });
  }
  disarm(source: LocalActor, id: string): void {
    this.words.push({ kind: "cancel", from: nameOf(source), id });
  }
  disarmAll(source: LocalActor): void {
    if (parentOf(source) !== undefined) this.words.push({ kind: "cancelAll", from: nameOf(source) });
  }

  act({ type, params }: ActionCall): void {
    this.words.push({ kind: "act", type, params });
  }
  emitted(_source: LocalActor | undefined, event: AnyEventObject): void {
    this.words.push({ kind: "emit", event });
  }
  adopted(actor: LocalActor): void {
    if (isMachine(actor.logic)) accelerate(actor.logic);
    if (!isOutgoing(actor.logic)) this.adoptedActors.push(actor);
  }
  logged(): void {}
  listenerFailed(): void {}

  /** The local actor of a path, if it is there. */
  at(path: string): LocalActor | undefined {
    return this.actors().find((actor) => nameOf(actor) === path);
  }

  /** All actors that can be reached from the root, it first. */
  actors(): LocalActor[] {
    const [root] = this.adoptedActors;
    const below = (actor: LocalActor): LocalActor[] => [
      actor,
      ...Object.values(childrenOf(actor)).flatMap((child) => (child === undefined ? [] : below(child))),
    ];
    return root === undefined ? [] : below(root);
  }
}

/** The path of an actor below the member; empty for the member itself. */
export function nameOf(actor: LocalActor): string {
  return pathOf(actor).slice(1);
}
