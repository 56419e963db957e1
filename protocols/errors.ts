/**
 * The table of failures. A row says who must act (`family`), whether trying again later can
 * help (`retryable`), and what it means; README's error page is checked against it.
 *
 * - `usage`: the author of the code that called us.
 * - `delivery`: the caller, later or with another message.
 * - `refusal`: the caller, in another way; asking again changes nothing.
 * - `fault`: the supervisor of the actor.
 * - `operator`: whoever runs the servers.
 * - `defect`: us.
 */
export const errorTable = {
  MESSAGE_INVALID: { family: "usage", retryable: false, says: "the payload does not fit its schema" },
  REPLY_INVALID: { family: "usage", retryable: false, says: "a reply does not fit its question's schema" },
  ADDRESS_INVALID: { family: "usage", retryable: false, says: "the text is no actor address" },
  OPTION_INVALID: { family: "usage", retryable: false, says: "an option is unknown or out of its range" },
  PROTOCOL_INVALID: { family: "usage", retryable: false, says: "a protocol's definition contradicts itself" },
  MACHINE_INVALID: { family: "usage", retryable: false, says: "a machine does not fit its protocol" },
  SUPERVISOR_INVALID: {
    family: "usage",
    retryable: false,
    says: "a supervisor's flags or child specs do not hold",
  },
  SCHEMA_ASYNC: { family: "usage", retryable: false, says: "a schema validates asynchronously" },
  SYSTEM_CLOSED: { family: "usage", retryable: false, says: "the system has been closed" },
  UNREACHABLE: { family: "delivery", retryable: true, says: "nobody listens at the address" },
  ADDRESS_UNKNOWN: { family: "delivery", retryable: true, says: "no actor lives at the address" },
  MAILBOX_FULL: { family: "delivery", retryable: true, says: "the receiver's mailbox is at its limit" },
  POSTPONED_FULL: { family: "delivery", retryable: true, says: "the receiver holds back too many messages" },
  ASK_TIMEOUT: { family: "delivery", retryable: true, says: "no reply in time; the outcome is unknown" },
  DEADLINE_EXCEEDED: {
    family: "delivery",
    retryable: false,
    says: "the message's deadline passed before its work",
  },
  CONNECTION_LOST: {
    family: "delivery",
    retryable: true,
    says: "the connection broke; the outcome is unknown",
  },
  NODE_LOST: { family: "delivery", retryable: true, says: "the node that hosted the actor is gone" },
  TRANSPORT_CLOSED: { family: "delivery", retryable: false, says: "the connection is closed" },
  TRANSPORT_FULL: { family: "delivery", retryable: true, says: "too much waits for the connection" },
  TRANSPORT_SLOW: { family: "delivery", retryable: true, says: "this side read too slowly and was cut off" },
  PAYLOAD_TOO_LARGE: { family: "delivery", retryable: false, says: "the message exceeds the size limit" },
  FRAME_MALFORMED: { family: "refusal", retryable: false, says: "the bytes are no message of ours" },
  PROTOCOL_UNKNOWN: { family: "refusal", retryable: false, says: "the receiver speaks another protocol" },
  VERSION_UNSUPPORTED: {
    family: "refusal",
    retryable: false,
    says: "the protocol's major version is unknown here",
  },
  TYPE_UNKNOWN: { family: "refusal", retryable: false, says: "the protocol has no such message type" },
  TYPE_RESERVED: {
    family: "refusal",
    retryable: false,
    says: "the message type is reserved for the runtime",
  },
  MESSAGE_UNEXPECTED: { family: "refusal", retryable: true, says: "the machine cannot take this now" },
  REFUSED: { family: "refusal", retryable: false, says: "the actor refused, with a reason of its own" },
  ACTOR_UNKNOWN: {
    family: "refusal",
    retryable: false,
    says: "the node's catalogue has no actor of that name",
  },
  NOT_GRANTED: { family: "refusal", retryable: false, says: "its sender has no grant for it" },
  ADDRESS_TAKEN: { family: "refusal", retryable: false, says: "another live actor or node holds the name" },
  PERMISSION_DENIED: { family: "refusal", retryable: false, says: "the server forbids the subject" },
  ACTOR_STOPPED: { family: "refusal", retryable: false, says: "the actor has ended" },
  CANCELLED: { family: "refusal", retryable: false, says: "the asker withdrew" },
  MESSAGE_STALE: {
    family: "refusal",
    retryable: false,
    says: "whether the message was worked on before is not known any more",
  },
  NO_REPLY: { family: "fault", retryable: false, says: "the actor ended before it replied" },
  ACTOR_FAILED: { family: "fault", retryable: false, says: "an actor's code threw" },
  CALL_FAILED: {
    family: "fault",
    retryable: false,
    says: "a call failed, and was tried as often as it may be",
  },
  ACTOR_KILLED: { family: "fault", retryable: false, says: "the actor was killed" },
  LINK_BROKEN: { family: "fault", retryable: false, says: "an actor it is linked to has ended" },
  MESSAGE_POISONOUS: {
    family: "fault",
    retryable: false,
    says: "work on it has ended its process too often",
  },
  OUTCOME_UNKNOWN: {
    family: "fault",
    retryable: false,
    says: "a call made at most once was under way when its process died",
  },
  MACHINE_LOOPED: { family: "fault", retryable: false, says: "a machine took too many steps for one event" },
  STORE_FULL: { family: "operator", retryable: true, says: "the store is at its limit; nothing was kept" },
  STORE_FAILED: { family: "operator", retryable: true, says: "the store gave no usable answer" },
  SERVER_NOT_FOUND: { family: "operator", retryable: false, says: "no nats-server is to be had" },
  SERVER_FAILED: { family: "operator", retryable: true, says: "the nats-server did not start or ended" },
  SERVER_TOO_OLD: {
    family: "operator",
    retryable: false,
    says: "the server's version cannot do this safely",
  },
  SNAPSHOT_REFUSED: {
    family: "operator",
    retryable: false,
    says: "what is stored of the actor does not fit its machine here",
  },
  INVARIANT_BROKEN: {
    family: "defect",
    retryable: false,
    says: "coxswain contradicts itself; please report it",
  },
} as const satisfies Record<string, { family: ErrorFamily; retryable: boolean; says: string }>;

export type ErrorFamily = "usage" | "delivery" | "refusal" | "fault" | "operator" | "defect";
export type ErrorCode = keyof typeof errorTable;

/** A failure as it travels: no stack, no cause. Codes of a newer peer stay plain strings. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand = Symbol.for("coxswain.error");

/** Every failure of ours. The message says what was expected and quotes what came. */
export class CoxswainError extends Error {
  readonly [brand] = true;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "CoxswainError";
    this.code = code;
    this.details = options.details ?? {};
  }

  get family(): ErrorFamily {
    return rowOf(this.code)?.family ?? "refusal";
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return rowOf(this.code)?.retryable ?? false;
  }
}

function rowOf(code: string): { family: ErrorFamily; retryable: boolean } | undefined {
  return Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode] : undefined;
}

/** Recognised by brand, so that two copies of this package understand each other. */
export function isCoxswainError(value: unknown, code?: ErrorCode): value is CoxswainError {
  return (
    typeof value === "object" &&
    value !== null &&
    brand in value &&
    (code === undefined || (value as CoxswainError).code === code)
  );
}

/** What may leave the process of any thrown value, also of one that throws when it is read. Long texts are cut to 2,000 characters. */
export function toWireError(thrown: unknown, fallback: ErrorCode = "ACTOR_FAILED"): WireError {
  try {
    if (isCoxswainError(thrown)) {
      const { code, message, details } = thrown;
      const empty = Object.keys(details).length === 0;
      return { code, message: message.slice(0, 2_000), ...(empty ? {} : { details }) };
    }
    const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return { code: fallback, message: message.slice(0, 2_000) };
  } catch {
    return { code: fallback, message: `A value of type ${typeof thrown} was thrown that cannot be read` };
  }
}

/** The error a peer sent, as one of ours; REFUSED where what it sent is none. */
export function fromWireError(wire: unknown): CoxswainError {
  const { code, message, details } = (wire ?? {}) as { [K in keyof WireError]?: unknown };
  const text = typeof message === "string" ? message : "It was refused, and not said why";
  const known = typeof code === "string" ? code : "REFUSED";
  const more = typeof details === "object" && details !== null ? { details: { ...details } } : {};
  return new CoxswainError(known as ErrorCode, text, more);
}
