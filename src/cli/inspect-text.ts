import type {
  AgentInspection,
  AgentSummary,
  InspectedMessage,
  InspectedRecord,
  InspectedTimer,
  WaitingEntry,
} from "../durable/inspection/index.ts";
import { durationText, type Paint, plainText, stateText, table, toJson } from "./output.ts";

/** What `inspect` prints of an agent. */
export function inspectionText(agent: AgentInspection, nowMs: number, paint: Paint): string {
  const { address, protocol, shard, holder, record, waiting } = agent;
  const held = holder === undefined ? "no node holds it" : `held by ${holder.node}`;
  const lines = [`${paint("bold", address)}  ${protocol}  ${paint("dim", `shard ${shard}, ${held}`)}`];
  if (record === undefined) lines.push("never activated");
  else lines.push(...recordLines(record, nowMs, paint));
  const { entries, more } = waiting;
  const messages = entries.reduce((sum, entry) => sum + Math.max(1, entry.messages.length), 0);
  const count = `${messages}${more ? " and more" : ""}`;
  lines.push(
    ...section(
      `inbox: ${count} waiting`,
      entries.map((entry) => waitingLine(entry, nowMs)),
      paint,
    ),
  );
  return lines.join("\n");
}

function recordLines(record: InspectedRecord, nowMs: number, paint: Paint): string[] {
  const { owner, epoch, turn, revision, bytes, writtenAtMs, version, fingerprint, trial } = record;
  const written = `${new Date(writtenAtMs).toISOString()}, ${durationText(nowMs - writtenAtMs)} ago`;
  const state = record.state === undefined ? "" : `  ${paint("cyan", stateText(record.state))}`;
  const lines = [
    `state    ${record.closed ? paint("yellow", "ended") : record.status}${state}`,
    `context  ${plainText(toJson(record.context ?? null))}`,
    `record   turn ${turn}, epoch ${epoch} of ${plainText(owner)}, revision ${revision}, ${bytes} bytes`,
    `written  ${written}`,
    `machine  version ${version}, fingerprint ${fingerprint}`,
  ];
  if (trial !== undefined)
    lines.push(paint("yellow", `trial    ${plainText(trial.cause)}, attempt ${trial.attempts}`));
  const { children, timers, calls, outbox, unsent, questions, answers, postponed, received } = record;
  const parts: [string, string[]][] = [
    ["within it", children.map(({ id, src, status, state: at }) => childLine(id, src, status, at))],
    ["timers", timers.map((timer) => timerLine(timer, nowMs))],
    [
      "running calls",
      calls.map(({ path, key, epoch: since, effect }) => {
        return `${plainText(path)}  key ${key}, since epoch ${since}, ${effect}`;
      }),
    ],
    [
      "outbox",
      outbox.map(({ to, what, position, incarnation, seq }) => {
        return `#${position} ${plainText(what)} to ${to}  line ${incarnation}, ${seq}`;
      }),
    ],
    ["open questions", questions.map((question) => questionLine(question, nowMs))],
    ["held back", postponed.map(messageText)],
    ["applied", received.map(({ from, incarnation, seq }) => `${from}  line ${incarnation} up to ${seq}`)],
    [
      "versions before",
      record.audits.map(({ from, to, steps, atMs }) => {
        const how = steps.length === 0 ? "compatible change" : `migrations ${steps.join(", ")}`;
        return `${new Date(atMs).toISOString()}  version ${from.version} (${from.fingerprint}) → ${to.version} (${to.fingerprint}), ${how}`;
      }),
    ],
  ];
  for (const [title, list] of parts) if (list.length > 0) lines.push(...section(title, list, paint));
  if (answers.length > 0) lines.push(paint("bold", `kept answers: ${answers.length}`));
  if (unsent > 0) lines.push(paint("bold", `answers on their way: ${unsent}`));
  return lines;
}

function section(title: string, list: readonly string[], paint: Paint): string[] {
  return [paint("bold", title), ...list.map((line) => `  ${line}`)];
}

function childLine(id: string, src: string, status: string, state: unknown): string {
  return `${plainText(id)} (${plainText(src)})  ${status}${state === undefined ? "" : `  ${stateText(state)}`}`;
}

function timerLine({ id, event, dueAtMs, target }: InspectedTimer, nowMs: number): string {
  const leftMs = dueAtMs - nowMs;
  const when = leftMs >= 0 ? `in ${durationText(leftMs)}` : `due for ${durationText(-leftMs)}`;
  const aim =
    "to" in target ? `  to ${target.to}` : "question" in target ? `  answers ${target.question}` : "";
  const name = event === id.slice(id.indexOf("|") + 1) ? event : `${id}  ${event}`;
  return `${plainText(name)}${aim}  ${new Date(dueAtMs).toISOString()}, ${when}`;
}

function questionLine(
  { type, id, key, deadlineMs, joined }: InspectedRecord["questions"][number],
  nowMs: number,
): string {
  const more = [
    id,
    ...(key === undefined ? [] : [`key ${plainText(key)}`]),
    ...(deadlineMs === undefined ? [] : [deadlineText(deadlineMs - nowMs)]),
    ...(joined === 0 ? [] : [`${joined} more wait for the same answer`]),
  ];
  return `${plainText(type)}  ${more.join(", ")}`;
}

function deadlineText(leftMs: number): string {
  return leftMs >= 0 ? `${durationText(leftMs)} left` : `nobody waits since ${durationText(-leftMs)}`;
}

const standings = {
  next: "",
  seen: "  applied already",
  ahead: "  one before it is missing",
  stale: "  stale: will be refused",
};

function waitingLine(
  { sequence, storedAtMs, zone, line, standing, messages }: WaitingEntry,
  nowMs: number,
): string {
  const since = `${durationText(nowMs - storedAtMs)} ago`;
  if (line === undefined) return `#${sequence}  no entry of ours, zone ${zone}, ${since}`;
  const what = messages.map(messageText).join(", ");
  const place = `line ${line.incarnation}, from ${line.firstSeq}`;
  return `#${sequence} ${what}  ${line.from} (${zone}), ${place}, ${since}${standing === undefined ? "" : standings[standing]}`;
}

function messageText({ type, id, from, asks }: InspectedMessage): string {
  if (type === undefined) return "bytes that are no message";
  const who = from === undefined || from === "" ? "" : ` from ${plainText(from)}`;
  return `${plainText(type)}${asks ? "?" : ""} ${plainText(id ?? "")}${who}`;
}

/** What `inspect <type>` prints. */
export function summariesText(agents: readonly AgentSummary[], nowMs: number, paint: Paint): string {
  const head = ["AGENT", "STATE", "VERSION", "TURN", "EPOCH", "WRITTEN", "NEXT TIMER", ""];
  const rows = agents.map(({ address, state, status, version, turn, epoch, ...rest }) => {
    const { closed, writtenAtMs, nextDueMs, busy } = rest;
    const what = closed ? "ended" : state === undefined ? plainText(status) : stateText(state);
    const timer =
      nextDueMs === undefined
        ? "-"
        : nextDueMs <= nowMs
          ? `due for ${durationText(nowMs - nextDueMs)}`
          : `in ${durationText(nextDueMs - nowMs)}`;
    const written = writtenAtMs === 0 ? "-" : `${durationText(nowMs - writtenAtMs)} ago`;
    return [address, what, version, turn, epoch, written, timer, busy ? "busy" : ""];
  });
  return table(head, rows, paint);
}
