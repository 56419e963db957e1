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
  postpones(type: string): boolean;
  cancelCalls(match: (cause: unknown) => boolean, reason: unknown): number;
  stop(): void;
  persist(): unknown;
  readonly snapshot: Snapshot<unknown>;
}
