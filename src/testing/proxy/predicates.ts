import { quote } from "../../../protocols/index.ts";
import { optionError } from "../../transport/options.ts";
import { isPattern, SubjectTree } from "../../transport/subject-tree.ts";
import type { Frame, FrameDirection, FrameOp } from "./frame.ts";
import type { ProxiedRequest } from "./requests.ts";

/** Whether a rule is to act on this frame. It is asked in order of travel, once for each frame no earlier rule took. */
export type FramePredicate = (frame: Frame) => boolean;

/** A subject pattern, with `*` and `>` as in NATS, or a predicate. */
export type RequestMatch = string | ((request: ProxiedRequest) => boolean);

const messageOps = new Set<FrameOp>(["PUB", "HPUB", "MSG", "HMSG"]);

/** Messages to a subject; with `direction` only as they are published (`toServer`) or delivered (`toClient`). */
export function isTo(pattern: string, direction?: FrameDirection): FramePredicate {
  const matches = matching(pattern);
  return (frame) =>
    messageOps.has(frame.op) &&
    (direction === undefined || frame.direction === direction) &&
    matches(frame.subject ?? "");
}

/** What a client gets in answer to a request, whatever its inbox is called. The server's "nobody listens" (503) is an answer too. */
export function isAnswerTo(request: RequestMatch): FramePredicate {
  const matches = typeof request === "string" ? bySubject(request) : request;
  return (frame) => frame.request !== undefined && matches(frame.request);
}

/**
 * JetStream's acknowledgement that it has stored a message, or why it has not: the answer to a publish into a stream.
 * A bucket's writes are acknowledged so too; `subject` is then `$KV.<bucket>.<key>`.
 */
export function isPubAck(of: { subject?: string; stream?: string } = {}): FramePredicate {
  const { subject = ">", stream } = of;
  const answers = isAnswerTo(subject);
  return (frame) => {
    if (!answers(frame)) return false;
    const ack = jsonOf(frame.payload);
    // An answer of JetStream's API names its type, an acknowledgement does not.
    if (ack === undefined || "type" in ack || typeof ack.stream !== "string") return false;
    const isAck = typeof ack.seq === "number" || typeof ack.error === "object";
    return isAck && (stream === undefined || ack.stream === stream);
  };
}

/**
 * Requests to JetStream's API, of any domain: `isJetStreamApi("STREAM.MSG.GET.>")`. For the answers to them:
 * `isAnswerTo(isJetStreamApi(…))`.
 */
export function isJetStreamApi(pattern = ">"): (message: Pick<Frame, "subject">) => boolean {
  const direct = matching(`$JS.API.${pattern}`);
  const ofDomain = matching(`$JS.*.API.${pattern}`);
  return ({ subject = "" }) => direct(subject) || ofDomain(subject);
}

/** Answers about a key-value bucket: to what was written (its acknowledgement) and to what was read. */
export function isKvAnswer(of: { bucket: string; key?: string; to?: "write" | "read" }): FramePredicate {
  const { bucket, key, to } = of;
  const wanted = `$KV.${bucket}.${key ?? ">"}`;
  const names = matching(wanted);
  const get = isJetStreamApi(`STREAM.MSG.GET.KV_${bucket}`);
  const directGet = isJetStreamApi(`DIRECT.GET.KV_${bucket}`);
  const directGetOf = isJetStreamApi(`DIRECT.GET.KV_${bucket}.${wanted}`);
  const reads = (request: ProxiedRequest): boolean => {
    if (directGetOf(request)) return true;
    if (!get(request) && !directGet(request)) return false;
    const subject = request.payload === undefined ? undefined : jsonOf(request.payload)?.last_by_subj;
    return typeof subject === "string" ? names(subject) : key === undefined;
  };
  return isAnswerTo(
    (request) => (to !== "read" && names(request.subject)) || (to !== "write" && reads(request)),
  );
}

/** A consumer's acknowledgement of what was delivered to it (ADR-15): `+ACK`, `-NAK`, `+WPI` (in progress) or `+TERM`. */
export function isConsumerAck(kind?: "+ACK" | "-NAK" | "+WPI" | "+TERM"): FramePredicate {
  const matches = matching("$JS.ACK.>");
  return (frame) => {
    if (frame.direction !== "toServer" || !messageOps.has(frame.op) || !matches(frame.subject ?? "")) {
      return false;
    }
    if (kind === undefined) return true;
    // An empty payload acknowledges as well.
    const said = Buffer.from(frame.payload).toString("latin1");
    return said === "" ? kind === "+ACK" : said.startsWith(kind);
  };
}

function bySubject(pattern: string): (request: ProxiedRequest) => boolean {
  const matches = matching(pattern);
  return ({ subject }) => matches(subject);
}

function matching(pattern: string): (subject: string) => boolean {
  if (!isPattern(pattern)) {
    throw optionError(`Expected a subject pattern like "news.*" or "$KV.leases.>", got ${quote(pattern)}`);
  }
  const tree = new SubjectTree<true>();
  tree.add(pattern, true);
  return (subject) => tree.match(subject).length > 0;
}

function jsonOf(payload: Uint8Array): Record<string, unknown> | undefined {
  if (payload[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
