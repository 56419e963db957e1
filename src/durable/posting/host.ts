import type { ActorAddress, Limits } from "../../../protocols/index.ts";
import type { Env } from "../../env/env.ts";
import type { Report } from "../../node.ts";
import type { Stream } from "../../transport/transport.ts";

/** What is needed to put messages into durable inboxes. */
export interface PostingHost {
  readonly env: Env;
  readonly system: string;
  /** The sender's trust zone. */
  readonly zone: string;
  /** All durable inboxes of the system. */
  readonly stream: Stream;
  /** What an entry may cost; `bytesMax` is what the server takes as one message. */
  readonly limits: Limits;
  /** Which part of the inboxes an address belongs to; undefined where no node has announced its type. */
  shardOf(to: ActorAddress): string | undefined;
  report(report: Report): void;
}
