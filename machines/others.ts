import type { ActorAddress, ActorOutcome } from "../protocols/index.ts";

/**
 * Somebody asked this actor to end in good order. A machine that takes it reaches a final state by itself, within
 * the limit the asker set; one that does not, and any reducer, is ended at once. Nobody can send it from outside.
 */
export interface ShutdownEvent {
  readonly type: "coxswain.shutdown";
  readonly reason?: string;
}

/** An actor this one started has ended. Nobody can send it from outside. */
export interface DownEvent {
  readonly type: "coxswain.down";
  readonly address: ActorAddress;
  readonly activation: string;
  readonly outcome: ActorOutcome;
  /** When this actor heard of it, on a clock that never goes back, in milliseconds. */
  readonly atMs: number;
  /** 0 <= chance < 1, so that a decision by chance stays one of the event alone. */
  readonly chance: number;
}

export interface Starting {
  readonly address: ActorAddress;
  /** A definition; or its name in the catalogue of the node that starts it (`createSystem({ actors })`). */
  readonly actor: string | object;
  readonly input?: unknown;
  /** The node that is to host it; default the own one. There the actor has to be named. */
  readonly node?: string | undefined;
  /** How long it may take until it is up, in milliseconds; then it is killed. Default 30,000. */
  readonly startWithinMs?: number | undefined;
  /** Withdraws: what has not come up yet is killed. */
  readonly signal?: AbortSignal | undefined;
}

/** `ignored`: it was done before it was up, and so declined to start. */
export type Started =
  | {
      readonly kind: "up";
      readonly address: ActorAddress;
      /** Names this life of the address; a restart has another. */
      readonly activation: string;
      /** What it announced while starting. */
      readonly info?: unknown;
    }
  | { readonly kind: "ignored" };

/** How long an actor may take to end, in milliseconds, before it is killed. */
export type StopLimit = number | "infinity" | "brutal_kill";

/** What an actor may do with others: start, and stop what it started. */
export interface Actors {
  readonly self: ActorAddress;
  /** On a clock that never goes back. */
  monotonicMs(): number;
  /** 0 <= x < 1. */
  random(): number;
  /**
   * Starts an actor that ends when this one ends. Resolves when it is up; this machine then gets one `coxswain.down`
   * for it. Rejects with ACTOR_FAILED, ADDRESS_TAKEN, ACTOR_UNKNOWN for a name the node does not have, UNREACHABLE for a
   * node that is not there, and what else `spawn` rejects with.
   */
  start(what: Starting): Promise<Started>;
  /** Ends one it started; no `coxswain.down` follows. Resolves with the outcome; at once if it has ended already. */
  stop(
    started: { readonly address: ActorAddress; readonly activation: string },
    limit: StopLimit,
    reason?: string,
  ): Promise<ActorOutcome>;
}
