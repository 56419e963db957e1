import type { AnyEventObject, Snapshot } from "xstate";
import type { Verdict } from "./xstate/host.ts";

/** What a cell needs of whatever runs inside it. */
export interface Behaviour {
  start(): void;
  receive(event: AnyEventObject): Verdict;
  /** An event of the runtime's own. Only machines take such; others answer "unexpected". */
  signal(event: AnyEventObject): Verdict;
  /** Whether it is not up yet. */
  readonly starting: boolean;
  /** Whether it can take no turn now: one that it answered "pending" is not over, or it is still being loaded. */
  readonly busy: boolean;
  postpones(type: string): boolean;
  /** Aborts the calls that work for the message of that id. */
  cancelCalls(id: string, reason: unknown): void;
  stop(): void;
  persist(): unknown;
  readonly snapshot: Snapshot<unknown>;
}
