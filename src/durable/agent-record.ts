import type { durability } from "../../machines/index.ts";
import type { Envelope, MessageId } from "../../protocols/index.ts";
import type { Recorded } from "./history/recorder.ts";
import type { Audit } from "./versions/index.ts";

/** A message as the inbox has it: what its asker waits on, and the frame. */
export interface Letter {
  readonly reply: string | undefined;
  readonly frame: Uint8Array;
  readonly zone: string;
}

/** A question taken and not yet answered. */
export interface OpenQuestion {
  readonly id: MessageId;
  readonly type: string;
  readonly protocol: string;
  readonly correlationId: MessageId;
  readonly reply: string;
  readonly json: boolean;
  readonly key?: string;
  readonly deadlineMs?: number;
  /** Those who asked with the same key while the answer was awaited. */
  readonly joined: readonly Omit<OpenQuestion, "joined" | "key">[];
}

/** An answer to a keyed question, for those who ask again. */
export interface KeptAnswer {
  readonly value: unknown;
  readonly atMs: number;
}

/** An answer on its way: published when the turn that gave it is committed. */
export interface Reply {
  readonly to: string;
  readonly envelope: Envelope;
  readonly json: boolean;
}

/** What the agent's next commit must show to count as progress. */
export interface Trial {
  /** The message, timer or call that the owner before was about to work on. */
  readonly cause: string;
  /** How often it was begun without a commit. */
  readonly attempts: number;
}

/** The state in an agent's record: its machine's, and what the runtime keeps for it. */
export interface AgentState {
  /** Of the machine that made the snapshot. */
  readonly version: number;
  readonly fingerprint: string;
  /** Undefined until its first turn is over. In memory it may be a live one; {@link AgentMachine.persist} makes it data. */
  readonly snapshot: unknown;
  /** What its state holds back, oldest first. */
  readonly postponed: readonly Letter[];
  readonly questions: Readonly<Record<string, OpenQuestion>>;
  readonly answers: Readonly<Record<string, KeptAnswer>>;
  readonly unsent: readonly Reply[];
  readonly trial: Trial | undefined;
  /** The last epoch that was seen to work: it came to rest, or through many commits. */
  readonly soundEpoch?: number;
  /** Which other machines' snapshots it was made from; the latest. */
  readonly audits?: readonly Audit[];
  /** Of a type with a history: the turn of the latest checkpoint that is in it. Undefined where one is due at once. */
  readonly checkpoint?: number | undefined;
}

/** An event that comes later. */
export interface DelayedEvent {
  readonly delayMs: number;
  /** The actor of the tree that set it, by its path. */
  readonly source: string;
  readonly id: string;
  readonly event: { readonly type: string };
  /** An actor of the tree, a message to another agent or actor, or the answer to a question. */
  readonly target:
    | { readonly path: string }
    | { readonly envelope: Envelope }
    | { readonly question: MessageId };
}

/** A call under way, as its intent names it. */
export interface AgentCall {
  /** Of the child that makes it. */
  readonly path: string;
  /** The message whose turn began it. */
  readonly causeId: MessageId | undefined;
}

/** A letter that nobody could take, until the dead letters have it. */
export interface Burial {
  readonly code: string;
  readonly reason: string;
  readonly frame: Uint8Array;
}

/** In the outbox an envelope, a burial or a turn for the history, in the timers a delayed event. */
export type AgentMessage = Envelope | Burial | Recorded | DelayedEvent;
export type AgentRecord = durability.DurableRecord<AgentState, AgentMessage>;
export type AgentSession = durability.Session<AgentState, AgentMessage>;
export type AgentStep = durability.Step<AgentState, AgentMessage>;
export type AgentWrite = durability.Write<AgentState, AgentMessage>;

/** The receiver of burials; no address looks so. */
export const graveyard = "$dead";

export const blankState: AgentState = {
  version: 0,
  fingerprint: "",
  snapshot: undefined,
  postponed: [],
  questions: {},
  answers: {},
  unsent: [],
  trial: undefined,
};
