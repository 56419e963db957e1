import type { ActorSystem } from "../../src/index.ts";

/** Where supervisors and their children live, and how time passes there. */
export interface Ground {
  /** Where the supervisors live. */
  readonly system: ActorSystem;
  /** Where their children live; undefined beside them. */
  readonly childNode: string | undefined;
  /** The supervisors' clock, in milliseconds; never goes back. */
  nowMs(): number;
  /** Lets the supervisors' clock go on. */
  pass(ms: number): Promise<void>;
  /** Lets a moment pass. */
  tick(): Promise<void>;
  /** Waits for `work`, and lets time pass meanwhile. */
  run<T>(work: Promise<T>): Promise<T>;
}
