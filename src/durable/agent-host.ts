import type { durability } from "../../machines/index.ts";
import type { ActorAddress } from "../../protocols/index.ts";
import type { Node } from "../node.ts";
import type { RecordHost } from "./activation.ts";
import type { Agent } from "./agent.ts";
import type { Letter } from "./agent-record.ts";
import type { HistoryLog } from "./history/history-stream.ts";
import type { OutboxPublisher } from "./posting/outbox-publisher.ts";

/** A message of the inbox. */
export interface Message {
  readonly kind: "message";
  readonly arrival: durability.Arrival;
  readonly letter: Letter;
}

/** What an agent needs of whoever keeps it. */
export interface AgentHost extends RecordHost {
  readonly node: Node;
  /** Of the machine of its type. */
  readonly fingerprint: string;
  /** One at a time of those whose message may be what killed a process. @returns how to leave */
  suspect(): Promise<() => void>;
  publisher(from: ActorAddress, confirmed: (positions: readonly number[]) => void): OutboxPublisher;
  /** Undefined for a type without a history. */
  readonly history: HistoryLog | undefined;
  /** A message is done with. */
  acknowledge(entry: number): void;
  /** Keeps a letter with the dead letters. @returns whether it is kept */
  bury(address: ActorAddress, frame: Uint8Array, code: string, reason: string): Promise<boolean>;
  /** Its record has grown, or shrunk. */
  sized(byBytes: number): void;
  /** It has work. */
  ready(agent: Agent): void;
  /** It has left memory. */
  gone(agent: Agent, end: AgentEnd): void;
}

export interface AgentEnd {
  /** When its next timer is due; wall clock. */
  readonly nextDueMs: number | undefined;
  /** Messages whose turns are not committed. */
  readonly left: readonly Message[];
  /** `fenced`: another owner's write came before ours. */
  readonly why: "fenced" | undefined;
}
