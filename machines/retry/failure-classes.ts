import { isCoxswainError } from "../../protocols/index.ts";

/** What an error says of itself, as far as it can be read. */
interface Traits {
  readonly error: unknown;
  readonly name: unknown;
  readonly code: unknown;
  readonly status: unknown;
}

interface FailureRow {
  readonly name: string;
  is(traits: Traits): boolean;
  /** Whether the same call may succeed later. */
  readonly again: boolean;
  /** Whether the other side may have done it all the same. */
  readonly mayBeDone: boolean;
}

/** Our own failures that say for certain that nothing was done; of others that can be tried again the outcome is unknown. */
const undone = new Set<unknown>([
  "UNREACHABLE",
  "ADDRESS_UNKNOWN",
  "MAILBOX_FULL",
  "POSTPONED_FULL",
  "TRANSPORT_FULL",
  "MESSAGE_UNEXPECTED",
  "STORE_FULL",
]);

/** No connection came to be: nothing was sent. Node's `dns` and `net`, and undici. */
const unreached = new Set<unknown>([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** The connection broke on the way. */
const broken = new Set<unknown>([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

const aborts = new Set<unknown>(["ABORT_ERR", "UND_ERR_ABORTED", "CANCELLED"]);

const within = (status: unknown, from: number, to: number): boolean =>
  typeof status === "number" && status >= from && status <= to;

/**
 * What a call may fail with; the first row that knows the error counts. What no row knows is `other`, which fails:
 * a fault in the code of a call does not go away by itself.
 *
 * Sources: RFC 9110 section 15 (408: no whole request was received), RFC 6585 section 4 (429), Node's and undici's error codes.
 */
const rows = [
  { name: "aborted", is: isAbort, again: false, mayBeDone: true },
  { name: "oursUndone", is: (of) => ours(of) && undone.has(of.code), again: true, mayBeDone: false },
  {
    name: "oursUnknown",
    is: (of) => isCoxswainError(of.error) && of.error.retryable,
    again: true,
    mayBeDone: true,
  },
  { name: "oursFinal", is: ours, again: false, mayBeDone: false },
  { name: "throttled", is: ({ status }) => status === 429, again: true, mayBeDone: false },
  { name: "incomplete", is: ({ status }) => status === 408, again: true, mayBeDone: false },
  { name: "server", is: ({ status }) => within(status, 500, 599), again: true, mayBeDone: true },
  { name: "client", is: ({ status }) => within(status, 400, 499), again: false, mayBeDone: false },
  { name: "unreached", is: ({ code }) => unreached.has(code), again: true, mayBeDone: false },
  { name: "broken", is: ({ code }) => broken.has(code), again: true, mayBeDone: true },
  // What `AbortSignal.timeout` throws.
  { name: "timedOut", is: ({ name }) => name === "TimeoutError", again: true, mayBeDone: true },
] as const satisfies readonly FailureRow[];

const other = { name: "other", again: false, mayBeDone: true } as const;

export type FailureClass = Pick<FailureRow, "again" | "mayBeDone"> & {
  readonly name: (typeof rows)[number]["name"] | "other";
};

function ours({ error }: Traits): boolean {
  return isCoxswainError(error);
}

function isAbort({ name, code }: Traits): boolean {
  return name === "AbortError" || aborts.has(code);
}

/** Causes that are looked at: `fetch` says "fetch failed", and its cause says why. */
const causesMax = 5;

/** Which class an error is of, or the first of its causes that is of any. */
export function failureClassOf(error: unknown): FailureClass {
  for (const level of causesOf(error)) {
    const traits = traitsOf(level);
    const row = rows.find((known) => known.is(traits));
    if (row !== undefined) return row;
  }
  return other;
}

/** The error and its causes, outermost first. */
export function causesOf(error: unknown): unknown[] {
  const levels: unknown[] = [];
  for (let level = error; level !== undefined && levels.length < causesMax; level = read(level, "cause"))
    levels.push(level);
  return levels;
}

function traitsOf(error: unknown): Traits {
  const status =
    read(error, "status") ?? read(error, "statusCode") ?? read(read(error, "response"), "status");
  return { error, name: read(error, "name"), code: read(error, "code"), status };
}

/** A field of anything; undefined where it cannot be read. */
export function read(value: unknown, key: string): unknown {
  try {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}
