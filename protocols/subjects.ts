import { type ActorAddress, isActorAddress, isToken, quote } from "./address.ts";
import { CoxswainError } from "./errors.ts";

/**
 * The subject grammar; no other file spells a subject. `<zone>` is the *sending* node's trust
 * zone, a token that a publish permission binds, so that nobody else can claim it.
 *
 *     cx.<system>.in.<zone>.<address>            inbox
 *     cx.<system>.box.<shard>.<zone>.<address>   durable inbox (a stream)
 *     cx.<system>.hist.<shard>.<address>         histories of durable actors (a stream for each type)
 *     cx.<system>.ctl.<zone>.<address>           control lane: stop, cancel, watch
 *     cx.<system>.re.<zone>.<node>.<n>           a node's replies
 *     cx.<system>.ev.<address>.<type>            emitted events and life-cycle facts
 *     cx.<system>.dead.<address>                 dead letters (a stream)
 *     cx.<system>.audit.<zone>.<kind>.<about>    what was decided (a stream)
 *     cx.<system>.node.<node>                    heartbeats
 *
 * An actor's first token has one home node. The node takes all inboxes below that token with
 * two subscriptions a lane, and finds the actor in a map: 100,000 actors cost no more than one.
 */
export type Lane = "in" | "ctl";

export function inboxSubject(system: string, lane: Lane, zone: string, to: ActorAddress): string {
  return `cx.${system}.${lane}.${zone}.${to}`;
}

/** Where the inbox of a durable actor is stored. `shard` is the token of the part of all inboxes that has one owner. */
export function boxSubject(system: string, shard: string, zone: string, to: ActorAddress): string {
  return `cx.${system}.box.${shard}.${zone}.${to}`;
}

/** The durable inboxes of one shard, or of all (`*`). */
export function boxPattern(system: string, shard: string | "*"): string {
  return shard === "*" ? `cx.${system}.box.>` : `cx.${system}.box.${shard}.>`;
}

/** Where the history of a durable actor is stored. */
export function historySubject(system: string, shard: string, of: ActorAddress): string {
  return `cx.${system}.hist.${shard}.${of}`;
}

/** The histories of all durable actors of a type. */
export function historyPattern(system: string, type: string): string {
  return `cx.${system}.hist.*.${type}.>`;
}

/** What a node subscribes to for a root name: the root itself, and all below it; sent from any zone, or from one. */
export function rootPatterns(system: string, lane: Lane, root: string, zone = "*"): [string, string] {
  return [`cx.${system}.${lane}.${zone}.${root}`, `cx.${system}.${lane}.${zone}.${root}.>`];
}

/** What is sent to one address, from any zone. */
export function addressPattern(system: string, lane: Lane, to: ActorAddress): string {
  return `cx.${system}.${lane}.*.${to}`;
}

/** The durable inboxes of all agents of a type, as filled from one zone, or from any (`*`). */
export function boxTypePattern(system: string, zone: string | "*", type: string): string {
  return `cx.${system}.box.*.${zone}.${type}.>`;
}

export function replySubject(system: string, zone: string, node: string, n: string): string {
  return `cx.${system}.re.${zone}.${node}.${n}`;
}

/** The replies to `node` of a zone, or to all its nodes (`*`). The zone is that of who asks: no other may hear them. */
export function replyPattern(system: string, zone: string, node: string | "*"): string {
  return `cx.${system}.re.${zone}.${node}.*`;
}

export function eventSubject(system: string, from: ActorAddress, type: string): string {
  return `cx.${system}.ev.${from}.${type}`;
}

/**
 * Whether a delivery's reply subject waits for an answer. Told messages carry one too, ending in a
 * token `t…`, on which only the server speaks: to say that nobody listened. Nor is an answer sent where
 * it would speak for us: to the server's own subjects, or to a lane of ours other than that of replies.
 */
export function wantsAnswer(reply: string | undefined): reply is string {
  if (reply === undefined || reply === "" || reply[0] === "$") return false;
  if (!reply.startsWith("cx.")) return true;
  return reply.startsWith(".re.", reply.indexOf(".", 3)) && reply[reply.lastIndexOf(".") + 1] !== "t";
}

/** As {@link wantsAnswer}, of a subject that was not decoded yet: most told messages need never know it. */
export function wantsAnswerUndecoded(reply: Uint8Array): boolean {
  if (reply.length === 0) return false;
  let at = reply.length - 1;
  while (at >= 0 && reply[at] !== 0x2e) at--;
  return !(reply[at + 1] === 0x74 && reply[0] === 0x63 && reply[1] === 0x78 && reply[2] === 0x2e);
}

/**
 * The part of a reply subject of ours that all replies to one node have in common, its last dot included;
 * undefined for any other subject.
 */
export function replyPrefixOf(subject: string): string | undefined {
  if (!isOnLane(subject, "re")) return undefined;
  return subject.slice(0, subject.lastIndexOf(".") + 1);
}

export function isOnLane(subject: string, lane: Lane | "re"): boolean {
  return subject.startsWith("cx.") && subject.startsWith(`.${lane}.`, subject.indexOf(".", 3));
}

/** Begins the last token of a reply subject that stands for several: `b` and theirs, with `_` between. */
const batchLetter = "b";
const batchJoint = "_";

/** Where the answers to several messages would go, had they come alone: `prefix` and one of `tokens` each. */
export function batchSubject(prefix: string, tokens: string): string {
  return prefix + batchLetter + tokens;
}

/** Makes the tokens of one message more part of those of a batch. */
export function joinTokens(tokens: string, token: string): string {
  return `${tokens}${batchJoint}${token}`;
}

/** The reply subjects that one of {@link batchSubject} stands for; undefined for any other subject. */
export function batchedSubjects(subject: string): readonly string[] | undefined {
  const at = subject.lastIndexOf(".") + 1;
  if (subject[at] !== batchLetter || !isOnLane(subject, "re")) return undefined;
  const prefix = subject.slice(0, at);
  return subject
    .slice(at + 1)
    .split(batchJoint)
    .map((token) => prefix + token);
}

/** Characters of a token in a batch. */
const batchTokenMax = 16;

/** Whether a subject is `prefix` and a token of ours, as a batch may name among others. */
export function isBatchable(subject: string, prefix: string): boolean {
  const start = prefix.length;
  const { length } = subject;
  if (length < start + 2 || length > start + batchTokenMax || !subject.startsWith(prefix)) return false;
  const first = subject[start];
  if (first !== "a" && first !== "t") return false;
  for (let i = start + 1; i < length; i++) {
    const code = subject.charCodeAt(i);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a))) return false;
  }
  return true;
}

/** Events of one address or of all (`*`), of one type or of all. */
export function eventPattern(system: string, from: ActorAddress | "*", type: string | "*"): string {
  if (from === "*") return `cx.${system}.ev.>`;
  return `cx.${system}.ev.${from}.${type}`;
}

/** All that a root name, and what lives below it, says. */
export function rootEventsPattern(system: string, root: string): string {
  return `cx.${system}.ev.${root}.>`;
}

/** The dead letters of a root name, and of all below it. */
export function rootDeadPatterns(system: string, root: string): [string, string] {
  return [`cx.${system}.dead.${root}`, `cx.${system}.dead.${root}.>`];
}

/** All that a system's nodes say to one another. */
export function systemPattern(system: string): string {
  return `cx.${system}.>`;
}

export function deadSubject(system: string, to: ActorAddress): string {
  return `cx.${system}.dead.${to}`;
}

export function deadPattern(system: string): string {
  return `cx.${system}.dead.>`;
}

/** A record of the audit; `about` is one token or several. */
export function auditSubject(system: string, zone: string, kind: string, about: string): string {
  return `cx.${system}.audit.${zone}.${kind}.${about}`;
}

/** All that one zone records. */
export function auditZonePattern(system: string, zone: string): string {
  return `cx.${system}.audit.${zone}.>`;
}

export function auditPattern(system: string, about = ">"): string {
  return about === ">" ? `cx.${system}.audit.>` : `cx.${system}.audit.*.*.${about}`;
}

export function nodeSubject(system: string, node: string): string {
  return `cx.${system}.node.${node}`;
}

export function nodePattern(system: string): string {
  return `cx.${system}.node.*`;
}

/** The parts of an inbox or control subject, or undefined if it is none of this system's. */
export function parseInbox(system: string, subject: string): { zone: string; to: ActorAddress } | undefined {
  const prefix = `cx.${system}.`;
  if (!subject.startsWith(prefix)) return undefined;
  const lane = subject.startsWith("in.", prefix.length) ? "in" : "ctl";
  const laneEnd = prefix.length + lane.length;
  const zoneEnd = subject.indexOf(".", laneEnd + 1);
  if (!subject.startsWith(`${lane}.`, prefix.length) || zoneEnd < 0) return undefined;
  const to = subject.slice(zoneEnd + 1);
  const zone = subject.slice(laneEnd + 1, zoneEnd);
  return isActorAddress(to) && isToken(zone) ? { zone, to } : undefined;
}

/** The parts of a durable inbox's subject, or undefined if it is none of this system's. */
export function parseBox(
  system: string,
  subject: string,
): { shard: string; zone: string; to: ActorAddress } | undefined {
  const prefix = `cx.${system}.box.`;
  if (!subject.startsWith(prefix)) return undefined;
  const shardEnd = subject.indexOf(".", prefix.length);
  const zoneEnd = subject.indexOf(".", shardEnd + 1);
  if (shardEnd < 0 || zoneEnd < 0) return undefined;
  const shard = subject.slice(prefix.length, shardEnd);
  const zone = subject.slice(shardEnd + 1, zoneEnd);
  const to = subject.slice(zoneEnd + 1);
  return isToken(shard) && isToken(zone) && isActorAddress(to) ? { shard, zone, to } : undefined;
}

/** The parts of an event subject. The type is the last token: types have no dot, addresses may. */
export function parseEvent(
  system: string,
  subject: string,
): { from: ActorAddress; type: string } | undefined {
  const prefix = `cx.${system}.ev.`;
  const dot = subject.lastIndexOf(".");
  if (!subject.startsWith(prefix) || dot <= prefix.length) return undefined;
  const from = subject.slice(prefix.length, dot);
  const type = subject.slice(dot + 1);
  return isActorAddress(from) && isToken(type) ? { from, type } : undefined;
}

/** Ends the name of something that a system keeps: of another system, that name would be its own. */
const keptSuffix = /_(hosts|agents|box|dead|audit|groups|keys|signing)$|_history(_|$)/;

/** @throws OPTION_INVALID */
export function systemName(text: string): string {
  const name = nameToken("a system name", text);
  if (!keptSuffix.test(name)) return name;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected a system name that does not end in _hosts, _agents, _box, _dead, _audit, _groups, _keys or _signing, nor has _history in it, got ${quote(text)}`,
  );
}

/** A system's, zone's or node's name. @throws OPTION_INVALID */
export function nameToken(what: string, text: string): string {
  if (!isToken(text)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected ${what} of 1 to 64 characters A-Z a-z 0-9 _ -, got ${quote(text)}`,
    );
  }
  return text;
}
