import { AsyncLocalStorage } from "node:async_hooks";
import type { Env } from "../../env/env.ts";

/** A block of a test that has to end in time. */
export interface Limit {
  readonly env: Env;
  /** On the monotonic clock. */
  readonly untilMs: number;
  /** Ends what waits in it. */
  readonly waiting: Set<() => void>;
  readonly outer: Limit | undefined;
}

/** The block the caller stands in, through all it awaits. */
export const presentLimit = new AsyncLocalStorage<Limit>();

/** The blocks the caller stands in whose time is that of `env`, the innermost first. */
export function limitsOf(env: Env): readonly Limit[] {
  const found: Limit[] = [];
  for (let limit = presentLimit.getStore(); limit !== undefined; limit = limit.outer)
    if (limit.env === env) found.push(limit);
  return found;
}
