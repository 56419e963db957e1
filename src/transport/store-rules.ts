import { quote } from "../../protocols/index.ts";
import { rejected } from "./outcomes.ts";
import { isPattern } from "./subject-tree.ts";
import type { ConsumeOptions, Expected, Outcome, StreamEntry, StreamOptions } from "./transport.ts";

// What both stores refuse alike, before anything is sent.

type Refusal = Outcome<never> | undefined;
type StreamForm = Pick<StreamOptions, "subjects" | "kind">;

const nameForm = /^[A-Za-z0-9_-]{1,200}$/;
const keyForm = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const keyLengthMax = 512;

export function refuseName(what: "bucket" | "stream" | "consumer", name: string): Refusal {
  if (nameForm.test(name)) return undefined;
  return rejected(
    "OPTION_INVALID",
    `Expected a ${what} name of 1 to 200 characters A-Z a-z 0-9 _ -, got ${quote(name)}`,
  );
}

export function refuseKey(key: string): Refusal {
  if (key.length <= keyLengthMax && keyForm.test(key)) return undefined;
  return rejected(
    "OPTION_INVALID",
    `Expected a key of dotted tokens of A-Z a-z 0-9 _ - (at most ${keyLengthMax} characters), got ${quote(key)}`,
  );
}

export function refuseStream(name: string, options: StreamOptions): Refusal {
  const { subjects, messagesMax, bytesMax, kind = "log", subjectMessagesMax } = options;
  if (subjects.length === 0 || !subjects.every(isPattern)) {
    return rejected(
      "OPTION_INVALID",
      `Expected subjects for stream ${quote(name)} like ["cx.demo.dead.>"], got ${quote(subjects)}`,
    );
  }
  if (kind !== "log" && kind !== "queue") {
    return rejected("OPTION_INVALID", `Expected kind to be "log" or "queue", got ${quote(kind)}`);
  }
  return refuseCounts({ messagesMax, bytesMax, subjectMessagesMax }) ?? refuseName("stream", name);
}

function refuseCounts(counts: Readonly<Record<string, number | undefined>>): Refusal {
  for (const [option, value] of Object.entries(counts)) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
      return rejected(
        "OPTION_INVALID",
        `Expected ${option} to be a whole number from 1, got ${quote(value)}`,
      );
    }
  }
  return undefined;
}

/** An existing stream must be the one that was asked for; only its limits may be others. */
export function refuseOther(name: string, found: StreamForm, wanted: StreamForm): Refusal {
  const { subjects, kind = "log" } = wanted;
  if (!sameSubjects(found.subjects, subjects)) {
    return rejected(
      "STORE_FAILED",
      `Expected stream ${name} over ${quote(subjects)}, but it is over ${quote(found.subjects)}`,
    );
  }
  const { kind: foundKind = "log" } = found;
  if (foundKind === kind) return undefined;
  return rejected("STORE_FAILED", `Expected stream ${name} to be a ${kind}, but it is a ${foundKind}`);
}

export function refuseConsume(stream: string, kind: StreamOptions["kind"], options: ConsumeOptions): Refusal {
  const { name, subject, ackWaitMs, unacknowledgedMax } = options;
  if (kind !== "queue") return rejected("STORE_FAILED", `Stream ${stream} is no queue: it has no consumers`);
  if (!isPattern(subject)) {
    return rejected("OPTION_INVALID", `Expected a subject pattern like "box.7.>", got ${quote(subject)}`);
  }
  return refuseCounts({ ackWaitMs, unacknowledgedMax }) ?? refuseName("consumer", name);
}

export function refuseSize(what: string, bytes: number, bytesMax: number | undefined): Refusal {
  if (bytesMax === undefined || bytes <= bytesMax) return undefined;
  return rejected("PAYLOAD_TOO_LARGE", `Expected at most ${bytesMax} bytes for ${what}, got ${bytes}`);
}

export function lostRace(key: string, expected: string): Outcome<never> {
  return rejected("ADDRESS_TAKEN", `Expected ${key} to be ${expected}, but another writer was first`);
}

export function refuseSequence(name: string, last: number, expected: Expected | undefined): Refusal {
  if (expected === undefined || expected.lastSequence === last) return undefined;
  return lostRace(`stream ${name}`, `at sequence ${expected.lastSequence}`);
}

function sameSubjects(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((subject) => other.includes(subject));
}

/** What a queue holds, as a file store reckons: what is on the disk. */
export interface QueueFill {
  readonly entries: number;
  readonly bytes: number;
  readonly onSubject: number;
}

/** Why a queue does not take an entry; nothing for a log. */
export function refuseFull(
  name: string,
  options: StreamOptions,
  { entries, bytes, onSubject }: QueueFill,
  entry: { readonly subject: string; readonly payload: Uint8Array },
): Refusal {
  const { kind, messagesMax, bytesMax, subjectMessagesMax = Number.POSITIVE_INFINITY } = options;
  if (kind !== "queue") return undefined;
  if (onSubject >= subjectMessagesMax) {
    return rejected(
      "MAILBOX_FULL",
      `Expected at most ${subjectMessagesMax} entries to wait on ${entry.subject}`,
    );
  }
  // The payload alone: what is around it is not reckoned before it is there.
  if (entries < messagesMax && bytes + entry.payload.length < bytesMax) return undefined;
  return rejected("STORE_FULL", `Queue ${name} is full: ${entries} entries wait`);
}

/** A file store's account of an entry: 22 bytes of head, 8 of checksum, the subject, the payload. */
export function entryBytes({ subject, payload }: Pick<StreamEntry, "subject" | "payload">): number {
  return 30 + subject.length + payload.length;
}
