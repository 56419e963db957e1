import type { ActorAddress, MessageId } from "./address.ts";

export type EnvelopeKind = "message" | "reply" | "refusal" | "event" | "control";

/** What travels: metadata that can be read without knowing the protocol, and the body. */
export interface Envelope {
  readonly kind: EnvelopeKind;
  readonly id: MessageId;
  /** Empty for a sender that is no actor, such as a script or a foreign client. */
  readonly from: ActorAddress | "";
  readonly to: ActorAddress | "";
  readonly type: string;
  /** `name@major.minor`; empty where a foreign client did not say. */
  readonly protocol: string;
  readonly sentAtMs: number;
  readonly body: unknown;
  readonly causationId?: MessageId | undefined;
  readonly correlationId?: MessageId | undefined;
  /** Epoch milliseconds; work that has not begun by then never runs. */
  readonly deadlineMs?: number | undefined;
  readonly traceparent?: string | undefined;
  /** Asks with the same key from anywhere share one answer. */
  readonly key?: string | undefined;
  /** 0 (urgent) to 4 (background); 2 where unsaid. */
  readonly priority?: number | undefined;
}
