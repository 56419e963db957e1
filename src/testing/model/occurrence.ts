import type { AnyEventObject } from "xstate";

/**
 * Something that may happen to a machine.
 *
 * - `message`: of its protocol, from somebody. - `internal`: an event its children send it.
 * - `timer`: an `after` or another delayed event is due; `id` is the timer's.
 * - `done`, `failed`, `snapshot`: of a child; `id` is the child's.
 * - `runtime`: `coxswain.shutdown` or `coxswain.down`.
 */
export interface Occurrence {
  readonly kind: "message" | "internal" | "timer" | "done" | "failed" | "snapshot" | "runtime";
  readonly event: AnyEventObject;
  readonly id: string;
  /** What it is called in the name of a test: the child's name, or the type. */
  readonly label: string;
  /** Of a message: what is sent, before its schema has read it. */
  readonly payload?: object;
  /** Whether its payload was made up here; a machine may rightly fail on one that nobody would send. */
  readonly madeUp: boolean;
}
