import type { AnyEventObject, Snapshot } from "xstate";
import type { Verdict } from "./xstate/host.ts";

/** What a cell needs of whatever runs inside it. */
export interface Behaviour {
  start(): void;
  receive(event: AnyEventObject): Verdict;
  postpones(type: string): boolean;
  cancelCalls(match: (cause: unknown) => boolean, reason: unknown): number;
  stop(): void;
  persist(): unknown;
  readonly snapshot: Snapshot<unknown>;
}
