import type { Env } from "../../env/env.ts";
import type { Report } from "../../node.ts";
import type { Announcement } from "./announcement.ts";
import type { Directory } from "./directory.ts";

/**
 * What holds the agents of a shard. Of one shard nothing is called before an earlier call has settled, but `lost`: so those
 * must settle soon after it.
 */
export interface ShardsHost {
  readonly env: Env;
  readonly directory: Directory;
  /** Of this node, in the directory. */
  readonly announcement: Announcement;
  /** Our own lease is fresh (R6). Asked before anything is done, not decided by a timer (R7). */
  mayHold(): boolean;
  /** Rises whenever our membership had been swept away and was entered anew: others may have taken what was ours. */
  term(): number;
  /** Ours from now on: consume and activate. A throw: `lost` is called, the shard is released, and it is tried again later. */
  acquired(shard: string): Promise<void>;
  /** To be given up in order: stop the agents, then it is released. Resolves with how many there were; after `withinMs` they are lost. */
  releasing(shard: string, withinMs: number): Promise<number>;
  /** Somebody else has it, or our lease is doubtful: drop everything at once, write nothing. Comes also while another call is awaited. */
  lost(shard: string): void;
  /** A shard has another holder, or none; told by those that hold it no longer, and by those that do now. */
  changed?(shard: string, from: string | undefined, to: string | undefined): void;
  report(report: Report): void;
}

export function warn(host: Pick<ShardsHost, "report">, message: string, error?: unknown): void {
  host.report({ level: "warning", message, ...(error === undefined ? {} : { error }) });
}
