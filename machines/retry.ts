import { CoxswainError, quote } from "../protocols/index.ts";
import { type FailureClass, failureClassOf } from "./retry/failure-classes.ts";
import { retryAfterMsOf } from "./retry/retry-after.ts";
import { backoffDelay } from "./supervision/backoff-delay.ts";

/** How often a call that failed is tried again, and when. */
export interface Retry {
  /** Tries in all, the first one too. Default 5. */
  readonly attempts?: number;
  /** How long to wait after the first failure, in milliseconds. Default 200. */
  readonly firstMs?: number;
  /** What each further wait is multiplied by. Default 2. */
  readonly factor?: number;
  /** No wait is longer, whatever the called side asks for, in milliseconds. Default 30,000. */
  readonly maxMs?: number;
  /** The part of a wait, 0 to 1, that chance may take off, so that those who failed together do not come back together. Default 0.5. */
  readonly jitter?: number;
  /** No try begins later than this after the first one began, in milliseconds. Default no limit but the attempts. */
  readonly withinMs?: number;
  /** Decides for an error; what it leaves undefined is decided by the error's class. Its `retryAfterMs` is a wait, at most `maxMs`. */
  readonly on?: (failure: CallFailure) => "retry" | "fail" | { readonly retryAfterMs: number } | undefined;
}

/** One try that failed. */
export interface CallFailure {
  readonly error: unknown;
  readonly class: FailureClass["name"];
  /** 1, 2, … */
  readonly attempt: number;
  /** What the called side asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/**
 * What a crash does to a call of a durable actor. `atLeastOnce` (default): it is made again, under the same key.
 * `atMostOnce`: it is not; its outcome is unknown, and said to be.
 */
export type CallEffect = "atLeastOnce" | "atMostOnce";

/** A {@link Retry} with what is unsaid filled in. */
export type RetryPolicy = Required<Omit<Retry, "on" | "withinMs">> & Pick<Retry, "on" | "withinMs">;

type Rule = readonly [name: keyof Retry, from: number, to: number, whole?: true];

const rules: readonly Rule[] = [
  ["attempts", 1, 1_000_000, true],
  ["firstMs", 0, Number.MAX_VALUE],
  ["factor", 1, Number.MAX_VALUE],
  ["maxMs", 0, Number.MAX_VALUE],
  ["jitter", 0, 1],
  ["withinMs", 0, Number.MAX_VALUE],
];

/** @throws OPTION_INVALID */
export function retryPolicyOf(given: Retry): RetryPolicy {
  const known = new Set<string>([...rules.map(([name]) => name), "on"]);
  const stranger = Object.keys(given).find((name) => !known.has(name));
  if (stranger !== undefined)
    throw invalid(`Expected of retry ${[...known].join(", ")}, got ${quote(stranger)}`);
  for (const [name, from, to, whole] of rules) {
    const value = given[name] as unknown;
    const holds = typeof value === "number" && value >= from && value <= to;
    if (value !== undefined && (!holds || (whole && !Number.isInteger(value))))
      throw invalid(
        `Expected retry.${name} to be a ${whole ? "whole number" : "number"} from ${from} to ${to}, got ${quote(value)}`,
      );
  }
  if (given.on !== undefined && typeof given.on !== "function")
    throw invalid(`Expected retry.on to be a function, got ${quote(given.on)}`);
  return { attempts: 5, firstMs: 200, factor: 2, maxMs: 30_000, jitter: 0.5, ...given };
}

function invalid(message: string): CoxswainError {
  return new CoxswainError("OPTION_INVALID", message);
}

/** What a decision needs to know besides the error. */
export interface Try {
  readonly attempt: number;
  /** Since the first try began. */
  readonly elapsedMs: number;
  readonly effect: CallEffect;
  /** 0 <= chance < 1. */
  readonly chance: number;
  /** Wall clock. */
  readonly nowMs: () => number;
}

/**
 * How long to wait before the next try, in milliseconds; undefined: no further one. A call that is `atMostOnce` is tried
 * again only where the error says that nothing was done, or `on` says so.
 */
export function waitBeforeNext(policy: RetryPolicy, error: unknown, now: Try): number | undefined {
  const { attempt, elapsedMs, effect, chance, nowMs } = now;
  if (attempt >= policy.attempts) return undefined;
  const { name, again, mayBeDone } = failureClassOf(error);
  const retryAfterMs = retryAfterMsOf(error, nowMs);
  const said = policy.on?.({ error, class: name, attempt, retryAfterMs });
  const goesOn = said === undefined ? again && !(mayBeDone && effect === "atMostOnce") : said !== "fail";
  if (!goesOn) return undefined;
  const { firstMs: initialMs, maxMs, factor, jitter } = policy;
  const wishMs = typeof said === "object" ? said.retryAfterMs : retryAfterMs;
  const waitMs = Math.min(
    maxMs,
    wishMs ?? backoffDelay({ initialMs, maxMs, factor, jitter }, attempt, chance),
  );
  return policy.withinMs !== undefined && elapsedMs + waitMs > policy.withinMs ? undefined : waitMs;
}
