import type { AnyActor } from "xstate";
import type { ActorAddress, Protocol } from "../protocols/index.ts";
import type { Unzoned } from "./grants/claims.ts";
import type { Actors } from "./others.ts";

/** What the runtime tells a running call. Found through `self.system[hostKey]`. */
export interface CallHost {
  callContext(self: unknown): CallContext;
}

/** Time and chance of a call. */
export interface CallEnv {
  /** Wall clock, epoch milliseconds. May jump. */
  nowMs(): number;
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  setTimer(delayMs: number, run: () => void): { cancel(): void };
  /** 0 <= x < 1. */
  random(): number;
}

/** Signs grants, each as a token, in their order; with the system's key where none is given. */
export interface GrantSigner {
  seal(claims: readonly Unzoned[], privateKey?: string): Promise<readonly string[]>;
}

export interface CallContext {
  /** Aborts when the question that caused the call is cancelled, or its actor ends. */
  readonly signal: AbortSignal;
  /** Names this call: the same for the same call of the same turn. */
  readonly key: string;
  /** What caused the call; the cell's own. */
  readonly cause: unknown;
  readonly cell: {
    readonly env: CallEnv;
    readonly actors: Actors;
    /** The node it runs on; an actor in a thread or process of its own does not know it. */
    readonly node?: { readonly name: string; readonly grants?: GrantSigner };
    /** To another address; it leaves at once. */
    send(target: unknown, event: { readonly type: string }): void;
    ask(
      cause: unknown,
      protocol: Protocol,
      to: ActorAddress,
      message: { readonly type: string },
      limits: AskLimits & { readonly callKey?: string },
    ): Promise<unknown>;
  };
}

export interface AskLimits {
  /** How long to wait, in milliseconds; never longer than the question that caused the call waits itself. */
  readonly withinMs?: number;
  /** Asks with the same key share one answer. Of a durable actor, default the call's own key: asked again after a crash, it is the same question. */
  readonly key?: string;
  /** The token of the grant under which it is asked. */
  readonly grant?: string | undefined;
  /** 0 (urgent) to 4 (background); default 2. */
  readonly priority?: 0 | 1 | 2 | 3 | 4;
  readonly signal?: AbortSignal;
}

export const hostKey: unique symbol = Symbol.for("coxswain.host") as never;

/** Undefined in bare XState. */
export function contextOf(self: unknown, system: unknown): CallContext | undefined {
  return (system as { [hostKey]?: CallHost })[hostKey]?.callContext(self);
}

/** Time and chance for a call, with a runtime or without. */
export function envOf(self: unknown, system: unknown): CallEnv {
  return contextOf(self, system)?.cell.env ?? clockEnv(self);
}

/** Bare XState has a clock to wait on, and nothing else: no chance, and time that passes by waiting alone. */
function clockEnv(self: unknown): CallEnv {
  const { clock } = self as Pick<AnyActor, "clock">;
  let waitedMs = 0;
  return {
    nowMs: () => Number.NaN,
    monotonicMs: () => waitedMs,
    random: () => 0,
    setTimer: (delayMs, run) => {
      const due = (): void => {
        waitedMs += delayMs;
        run();
      };
      const id = clock.setTimeout(due, delayMs);
      return { cancel: () => clock.clearTimeout(id) };
    },
  };
}

/** For callback logic: what its actor may do with others. @throws Error outside of a running system */
export function actorsOf(self: unknown, system: unknown): Actors {
  const context = contextOf(self, system);
  if (context === undefined)
    throw new Error("Starting actors needs a running system; provide the logic in tests");
  return context.cell.actors;
}
