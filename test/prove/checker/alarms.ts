import type { AlarmState, Rung } from "../agents/alarm.ts";
import type { FaultLine } from "../history/lines.ts";
import type { Finding } from "./finding.ts";
import { grouped, type Send } from "./sends.ts";
import { checkWorkedOn } from "./worked-on.ts";

export interface TimerLimits {
  /** A timer is kept by another clock than it is measured with: so much too early is none, in milliseconds. */
  readonly earlyMs: number;
  /** All of a turn happens at its beginning, and a busy machine may hold it up before the agent looks at the clock, in milliseconds. */
  readonly turnMs: number;
  /** So long after a fault began another owner may need to take over, in milliseconds. */
  readonly takeOverMs: number;
  /** A timer may be so late, counted from when it was due, or the last fault before it went off was over and taken over from. */
  readonly lateMs: number;
}

/** An alarm: what it was asked for, and when each timer went off. */
export function checkAlarm(
  actor: string,
  sends: readonly Send[],
  { from, rang }: AlarmState,
  faults: readonly FaultLine[],
  limits: TimerLimits,
): Finding[] {
  const findings = checkWorkedOn(actor, sends, from);
  const rung = grouped(rang, nameOf);
  for (const [name, all] of rung) {
    if (all.length > 1)
      findings.push({ promise: "T", actor, says: `timer ${name} went off ${all.length} times` });
  }
  for (const send of sends) {
    if (send.outcome === "taken" && !rung.has(nameOf(send)))
      findings.push({ promise: "T", actor, says: `timer ${nameOf(send)} has not gone off` });
  }
  const sent = new Map(sends.map((send) => [nameOf(send), send]));
  for (const timer of rang)
    findings.push(...checkTime(actor, timer, sent.get(nameOf(timer)), faults, limits));
  return findings;
}

const nameOf = ({ from, n }: Pick<Rung, "from" | "n">): string => `${n} of ${from}`;

function checkTime(
  actor: string,
  timer: Rung,
  send: Send | undefined,
  faults: readonly FaultLine[],
  { earlyMs, turnMs, takeOverMs, lateMs }: TimerLimits,
): Finding[] {
  const { delayMs, setAtMs, atMs } = timer;
  const timerName = `timer ${nameOf(timer)}`;
  // By what the client knows, and by the agent's own word.
  const dueMs = Math.max(send?.atMs ?? 0, setAtMs - turnMs) + delayMs;
  if (atMs < dueMs - earlyMs)
    return [{ promise: "T", actor, says: `${timerName} went off ${Math.ceil(dueMs - atMs)} ms early` }];
  const healedMs = faults
    .filter((fault) => fault.atMs <= atMs)
    .reduce((latest, fault) => Math.max(latest, fault.untilMs, fault.atMs + takeOverMs), dueMs);
  const late = atMs - healedMs;
  if (late <= lateMs) return [];
  return [{ promise: "T", actor, says: `${timerName} went off ${Math.ceil(late)} ms too late` }];
}
