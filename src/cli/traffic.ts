import {
  CoxswainError,
  decodeEnvelope,
  decodeValue,
  type Envelope,
  type factTypes,
  isCoxswainError,
  type Limits,
  messageId,
} from "../../protocols/index.ts";
import type { DeadLetter } from "../dead-letters.ts";
import type { Delivery } from "../transport/transport.ts";
import { type Paint, plainText, toJson } from "./output.ts";

/** Something that was seen on a subject of a system, decoded as far as possible. */
export type Seen = {
  /** When it was seen here, in epoch milliseconds. */
  readonly atMs: number;
  readonly subject: string;
  /** The subject's kind: `ev`, `in`, `ctl`, `re`, `dead`, `node`. */
  readonly lane: string;
} & (
  | { readonly what: "message"; readonly envelope: Envelope }
  | { readonly what: "letter"; readonly letter: Omit<DeadLetter, "sequence"> }
  | { readonly what: "bytes"; readonly bytes: Uint8Array; readonly error: CoxswainError }
);

/** Decodes what arrived. Never throws: bytes that are no message are shown as such. */
export function see({ subject, payload }: Delivery, atMs: number, limits: Partial<Limits>): Seen {
  const lane = subject.split(".")[2] ?? "";
  const at = { atMs, subject, lane };
  try {
    if (!(payload instanceof Uint8Array)) return { ...at, what: "message", envelope: payload };
    if (lane === "dead") {
      return { ...at, what: "letter", letter: decodeValue(payload, limits) as Omit<DeadLetter, "sequence"> };
    }
    // A foreign client may leave out the id and the time.
    const defaults = { nowMs: () => atMs, freshId: () => messageId("unnamed", 0) };
    return { ...at, what: "message", envelope: decodeEnvelope(payload, limits, defaults) };
  } catch (thrown) {
    const error = isCoxswainError(thrown)
      ? thrown
      : new CoxswainError("FRAME_MALFORMED", String(thrown), { cause: thrown });
    return { ...at, what: "bytes", bytes: payload as Uint8Array, error };
  }
}

/** The message in a dead letter, or undefined where it never was one. */
export function originalOf(letter: Pick<DeadLetter, "original" | "atMs">): Envelope | undefined {
  try {
    const defaults = { nowMs: () => letter.atMs, freshId: () => messageId("unnamed", 0) };
    return decodeEnvelope(letter.original, undefined, defaults);
  } catch {
    return undefined;
  }
}

/** One JSON object. An envelope's fields stand beside the subject; a letter and bytes are named. */
export function seenJson(seen: Seen): string {
  const { atMs, subject, lane } = seen;
  const at = { atMs, subject, lane };
  if (seen.what === "message") return toJson({ ...at, ...seen.envelope });
  if (seen.what === "letter") return toJson({ ...at, letter: letterFields(seen.letter) });
  const { code, message } = seen.error;
  return toJson({ ...at, error: { code, message }, bytes: seen.bytes });
}

/** A letter with its original decoded; the bytes remain where they are no message. */
export function letterFields<L extends Omit<DeadLetter, "sequence">>(letter: L): object {
  const message = originalOf(letter);
  const { original, ...rest } = letter;
  return message === undefined ? { ...rest, original } : { ...rest, message };
}

const bodyMaxChars = 2_000;

/** One line for people. */
export function seenText(seen: Seen, paint: Paint, withLane: boolean): string {
  const time = new Date(seen.atMs).toISOString().slice(11, 23);
  const lane = withLane ? [paint("dim", seen.lane.padEnd(4))] : [];
  return [paint("dim", time), ...lane, ...partsOf(seen, paint)].join("  ");
}

function partsOf(seen: Seen, paint: Paint): string[] {
  if (seen.what === "letter") {
    const { to, type = "bytes", code, reason } = seen.letter;
    return [paint("cyan", plainText(String(to))), plainText(type), paint("red", code), plainText(reason)];
  }
  if (seen.what === "bytes") {
    const { bytes, error, subject } = seen;
    return [
      plainText(subject),
      paint("red", error.code),
      `${bytes.length} bytes that are no message: ${plainText(error.message)}`,
    ];
  }
  const { kind, from, to, type, protocol, body } = seen.envelope;
  if (kind === "event") return [paint("cyan", from), typeText(type, protocol, paint), bodyText(body)];
  const who = `${paint("cyan", from || "(script)")} → ${paint("cyan", to || addressOf(seen.subject))}`;
  const what = kind === "message" ? type : `${kind} ${type}`;
  return [who, kind === "refusal" ? paint("red", what) : paint("bold", what), bodyText(body)];
}

/** The receiver of a foreign client's message, which may name it in the subject alone. */
function addressOf(subject: string): string {
  const [, , lane, , ...address] = subject.split(".");
  return lane === "in" || lane === "ctl" ? address.join(".") : "(asker)";
}

type FactStyle = "green" | "red" | "yellow" | "magenta";

const factStyles: Readonly<Record<string, FactStyle>> = {
  started: "green",
  stopped: "yellow",
  failed: "red",
  refused: "red",
  changed: "magenta",
  activated: "green",
  quarantined: "red",
} satisfies Record<(typeof factTypes)[number], FactStyle>;

function typeText(type: string, protocol: string, paint: Paint): string {
  const style = protocol.startsWith("lifecycle@") ? factStyles[type] : undefined;
  return paint(style ?? "bold", type);
}

function bodyText(body: unknown): string {
  if (body === undefined) return "";
  const text = plainText(toJson(body));
  return text.length > bodyMaxChars ? `${text.slice(0, bodyMaxChars)}…` : text;
}
