import type { durability } from "../../../machines/index.ts";
import type { ActorAddress } from "../../../protocols/index.ts";
import type { Trial } from "../agent-record.ts";
import type { Audit } from "../versions/index.ts";

/** All that the store knows of a durable agent. Plain data. */
export interface AgentInspection {
  readonly address: ActorAddress;
  readonly type: string;
  readonly protocol: string;
  readonly shard: string;
  /** Which node holds its shard; undefined where none does. */
  readonly holder: { readonly node: string; readonly incarnation: string } | undefined;
  /** Undefined where it was never activated. */
  readonly record: InspectedRecord | undefined;
  /** What lies in its inbox, oldest first. */
  readonly waiting: { readonly entries: readonly WaitingEntry[]; readonly more: boolean };
}

/** What can be told of one in a line. */
export interface AgentSummary {
  readonly address: ActorAddress;
  readonly state: unknown;
  readonly status: string;
  readonly version: number;
  readonly turn: number;
  readonly epoch: number;
  readonly closed: boolean;
  readonly writtenAtMs: number;
  readonly nextDueMs: number | undefined;
  /** Messages under way, calls or answers. */
  readonly busy: boolean;
}

/** What one was when it was written last. */
export interface StoredAgent {
  readonly address: ActorAddress;
  /** A machine's state value; undefined for a reducer. */
  readonly state: unknown;
  /** A machine's context, or a reducer's state. */
  readonly context: unknown;
}

export interface InspectedRecord {
  readonly revision: number;
  readonly bytes: number;
  readonly epoch: number;
  readonly owner: string;
  readonly turn: number;
  readonly closed: boolean;
  readonly writtenAtMs: number;
  readonly version: number;
  readonly fingerprint: string;
  /** `active`, `done`, …; `new` before its first turn. */
  readonly status: string;
  /** A machine's state value; undefined for a reducer. */
  readonly state: unknown;
  /** A machine's context, or a reducer's state. */
  readonly context: unknown;
  /** Actors within it. */
  readonly children: readonly InspectedChild[];
  /** The earliest first. */
  readonly timers: readonly InspectedTimer[];
  readonly calls: readonly InspectedCall[];
  /** Sent and not yet confirmed, oldest first. */
  readonly outbox: readonly InspectedSend[];
  /** Answers on their way. */
  readonly unsent: number;
  readonly questions: readonly InspectedQuestion[];
  /** The answers that are kept for those who ask again, by question and key, and since when. */
  readonly answers: readonly { readonly key: string; readonly atMs: number }[];
  /** What its state holds back, oldest first. */
  readonly postponed: readonly InspectedMessage[];
  /** How far each sender's messages were applied. */
  readonly received: readonly Mark[];
  /** Of a sender that is not among them, nothing up to this line can be told from a duplicate. */
  readonly horizon: number;
  /** What its owner is about to work on, where that may be what kills the process. */
  readonly trial: Trial | undefined;
  /** Which other machines' snapshots it was made from; the latest. */
  readonly audits: readonly Audit[];
}

export interface InspectedChild {
  readonly id: string;
  readonly src: string;
  readonly status: string;
  readonly state: unknown;
}

export interface InspectedTimer {
  readonly id: string;
  readonly event: string;
  readonly dueAtMs: number;
  readonly delayMs: number;
  /** Its own tree's actor by path (empty for itself), another's address, or the question it answers. */
  readonly target: { readonly path: string } | { readonly to: string } | { readonly question: string };
}

export interface InspectedCall {
  /** The actor of its tree that makes it. */
  readonly path: string;
  /** The same over all tries and owners: `<address>#<turn>.<index>`. */
  readonly key: string;
  /** Whose tenure may have made it first. */
  readonly epoch: number;
  readonly effect: durability.Intent["effect"];
}

export interface InspectedSend {
  readonly to: string;
  /** The message's type; of what goes to the dead letters, why. */
  readonly what: string;
  readonly position: number;
  readonly incarnation: number;
  readonly seq: number;
}

export interface InspectedQuestion {
  readonly id: string;
  readonly type: string;
  readonly key: string | undefined;
  readonly deadlineMs: number | undefined;
  /** Others who asked with the same key. */
  readonly joined: number;
}

/** `type` is undefined for bytes that are no message. */
export interface InspectedMessage {
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly asks: boolean;
}

export interface Mark {
  readonly from: string;
  readonly incarnation: number;
  readonly seq: number;
  readonly turn: number;
}

export interface WaitingEntry {
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly zone: string;
  /** Undefined for bytes that are no entry. */
  readonly line:
    | { readonly from: string; readonly incarnation: number; readonly firstSeq: number }
    | undefined;
  /**
   * Of its last message, given the record and the entries before it: `next` will be applied, `seen` was applied and is
   * to be acknowledged only, `ahead` waits for one that is missing, `stale` will be refused.
   */
  readonly standing: durability.Standing | undefined;
  readonly messages: readonly InspectedMessage[];
}
