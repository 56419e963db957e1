/** What the client did, in order. `atMs` is the machine's clock, see `machineMs`. */
export type ClientLine = SentLine | EndLine;

export interface SentLine {
  readonly what: "sent";
  /** Names the send, in the whole history. */
  readonly op: number;
  readonly actor: string;
  readonly type: string;
  /** One of the senders of the client, which numbers its messages to each actor 1, 2, … */
  readonly from: string;
  readonly n: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

/**
 * How a send ended. `taken`: acknowledged, or answered; it may not be lost any more. `refused`: it was told that nothing was
 * done. `unknown`: it may be done or not; so is a send without an end.
 */
export interface EndLine {
  readonly what: "taken" | "refused" | "unknown";
  readonly op: number;
  readonly atMs: number;
  readonly reply?: unknown;
  readonly code?: string;
  /** How often it was asked, with one key. */
  readonly tries?: number;
}

/** A request that reached the effect server. */
export interface EffectLine {
  readonly key: string;
  readonly actor: string;
  readonly from: string;
  readonly n: number;
  readonly attempt: number;
  /** Whether it was done, whatever was answered. */
  readonly performed: boolean;
  readonly answer?: number;
  readonly atMs: number;
}

/** What an actor says of itself when all is quiet. */
export interface StateLine {
  readonly actor: string;
  readonly state: unknown;
}

/** A write of an actor's record, as the server has it. */
export interface CommitLine {
  readonly actor: string;
  readonly revision: number;
  /** Counts the owners. */
  readonly epoch: number;
  /** Counts the committed turns. */
  readonly turn: number;
}

/** A fault, from when to when it lasted. */
export interface FaultLine {
  readonly kind: string;
  readonly victim: string;
  readonly atMs: number;
  readonly untilMs: number;
}

/** All that is known of a run. */
export interface History {
  readonly client: readonly ClientLine[];
  readonly effects: readonly EffectLine[];
  readonly states: readonly StateLine[];
  readonly commits: readonly CommitLine[];
  readonly faults: readonly FaultLine[];
}
