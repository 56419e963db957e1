import { type ActorAddress, isActorAddress, type MessageId, quote } from "./address.ts";
import { CoxswainError, type ErrorCode } from "./errors.ts";

export const envelopeKinds = ["message", "reply", "refusal", "event", "control"] as const;
export type EnvelopeKind = (typeof envelopeKinds)[number];

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
  /** The grant under which its sender asks: a token, signed, readable by anybody. */
  readonly grant?: string | undefined;
}

/** The last instant a `Date` knows. */
const instantMaxMs = 8_640_000_000_000_000;
export const envelopeKeyMax = 256;
/** Of a grant's token, in characters, each of one byte. */
export const grantTokenMax = 1_024;

const idForm = /^[A-Za-z0-9_-]{1,128}$/;
const typeForm = /^[\x21-\x7e]{0,128}$/;
const protocolForm = /^(?:[A-Za-z0-9_-]{1,64}@\d{1,6}\.\d{1,6})?$/;
const grantForm = /^[A-Za-z0-9._-]+$/;
const traceForm = /^[\x21-\x7e]{1,256}$/;

const isId = (value: unknown): boolean => typeof value === "string" && idForm.test(value);
const isAddress = (value: unknown): boolean => value === "" || isActorAddress(value);
const isInstant = (value: unknown): boolean =>
  typeof value === "number" && value >= 0 && value <= instantMaxMs;
const isOptional =
  (isForm: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isForm(value);

/** One row a field of what comes from outside: what its value must be. The body is checked by the codec. */
export const envelopeForms: {
  readonly [K in Exclude<keyof Envelope, "body">]-?: (value: unknown) => boolean;
} = {
  kind: (value) => (envelopeKinds as readonly unknown[]).includes(value),
  id: isId,
  from: isAddress,
  to: isAddress,
  type: (value) => typeof value === "string" && typeForm.test(value),
  protocol: (value) => typeof value === "string" && protocolForm.test(value),
  sentAtMs: isInstant,
  causationId: isOptional(isId),
  correlationId: isOptional(isId),
  deadlineMs: isOptional(isInstant),
  traceparent: isOptional((value) => typeof value === "string" && traceForm.test(value)),
  key: isOptional((value) => typeof value === "string" && value.length <= envelopeKeyMax),
  priority: isOptional((value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 4),
  grant: isOptional(
    (value) => typeof value === "string" && value.length <= grantTokenMax && grantForm.test(value),
  ),
};

export function fieldError(code: ErrorCode, field: string, got: unknown): CoxswainError {
  return new CoxswainError(code, `Expected an envelope with a valid ${field}, got ${quote(got)}`, {
    details: { path: field },
  });
}

/** Only a reply, a refusal and a control message may leave the type empty. @throws FRAME_MALFORMED */
export function checkTyped(envelope: Envelope): void {
  if (envelope.type === "" && (envelope.kind === "message" || envelope.kind === "event"))
    throw fieldError("FRAME_MALFORMED", "type", "");
}

/** What a caller of ours may get wrong; ids, addresses and types have been checked where they were made. @throws MESSAGE_INVALID */
export function checkOutgoing(envelope: Envelope): void {
  const { kind, sentAtMs, deadlineMs, key, priority, grant } = envelope;
  let wrong: keyof Envelope | undefined;
  if (!envelopeKinds.includes(kind)) wrong = "kind";
  else if (!isInstant(sentAtMs)) wrong = "sentAtMs";
  else if (deadlineMs !== undefined && !isInstant(deadlineMs)) wrong = "deadlineMs";
  else if (key !== undefined && !envelopeForms.key(key)) wrong = "key";
  else if (priority !== undefined && !envelopeForms.priority(priority)) wrong = "priority";
  else if (grant !== undefined && !envelopeForms.grant(grant)) wrong = "grant";
  if (wrong !== undefined) throw fieldError("MESSAGE_INVALID", wrong, envelope[wrong]);
}
