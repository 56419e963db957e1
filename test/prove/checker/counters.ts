import type { CounterState } from "../agents/counter.ts";
import { numbersOf } from "../agents/ranges.ts";
import type { Finding } from "./finding.ts";
import type { Send } from "./sends.ts";
import { checkWorkedOn } from "./worked-on.ts";

/** A counter: what it worked on, and the places it gave to those who asked. */
export function checkCounter(actor: string, sends: readonly Send[], state: CounterState): Finding[] {
  const numbers = Object.values(state.from).flatMap((ranges) => numbersOf(ranges));
  const findings = checkWorkedOn(actor, sends, state.from);
  if (numbers.length !== state.total)
    findings.push({
      promise: "Z",
      actor,
      says: `it has a total of ${state.total}, and worked on ${numbers.length}`,
    });
  return [...findings, ...checkPlaces(actor, sends, state)];
}

/**
 * Two messages with one place were worked on by two owners that did not know of each other; a place before that of a message
 * that had ended earlier was given by one who did not know the latest state.
 */
function checkPlaces(actor: string, sends: readonly Send[], { total }: CounterState): Finding[] {
  const placed = sends
    .flatMap((send) => {
      const at = (send.reply as { at?: number } | undefined)?.at;
      return at === undefined ? [] : [{ ...send, at }];
    })
    .sort((a, b) => a.at - b.at);
  const name = ({ n, from }: Send): string => `message ${n} of ${from}`;
  const findings: Finding[] = [];
  let earliestEnd: (typeof placed)[number] | undefined;
  for (const [index, send] of [...placed.entries()].reverse()) {
    const next = placed[index + 1];
    if (next?.at === send.at)
      findings.push({
        promise: "Z",
        actor,
        says: `${name(send)} and ${name(next)} both got place ${send.at}`,
      });
    if (earliestEnd !== undefined && earliestEnd.at > send.at && earliestEnd.endedAtMs < send.atMs)
      findings.push({
        promise: "Z",
        actor,
        says: `${name(send)} got place ${send.at}, and was sent after place ${earliestEnd.at} had been given`,
      });
    if (earliestEnd === undefined || send.endedAtMs < earliestEnd.endedAtMs) earliestEnd = send;
  }
  const last = placed.at(-1);
  if (last !== undefined && last.at > total)
    findings.push({ promise: "L", actor, says: `${name(last)} got place ${last.at} of ${total}` });
  return findings;
}
