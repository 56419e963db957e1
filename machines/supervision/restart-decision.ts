import type { ActorOutcome, RestartKind } from "../../protocols/index.ts";

type Ending = ActorOutcome["kind"];

/**
 * What becomes of a child that ended by itself. `done` is OTP's `normal`, `stopped` its `shutdown` and
 * `{shutdown, R}`; every other outcome is a failure.
 *
 * Source: OTP supervisor, "Child specification", key `restart`.
 */
const table = {
  permanent: { done: "restart", stopped: "restart", failed: "restart", killed: "restart", lost: "restart" },
  transient: { done: "keep", stopped: "keep", failed: "restart", killed: "restart", lost: "restart" },
  temporary: { done: "forget", stopped: "forget", failed: "forget", killed: "forget", lost: "forget" },
} as const satisfies Record<RestartKind, Record<Ending, "restart" | "keep" | "forget">>;

/** `keep`: its spec stays, stopped. `forget`: its spec goes too. */
export function restartDecision(kind: RestartKind, outcome: Ending): "restart" | "keep" | "forget" {
  return table[kind][outcome];
}

/** An outcome in a few words, for facts and reasons. */
export function reasonOf(outcome: ActorOutcome): string {
  switch (outcome.kind) {
    case "done":
      return "done";
    case "failed":
      return outcome.error.message;
    default:
      return outcome.reason === undefined ? outcome.kind : `${outcome.kind}: ${outcome.reason}`;
  }
}
