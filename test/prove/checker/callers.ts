import type { CallerState } from "../agents/caller.ts";
import { numbersOf, type Ranges, type RangesOf } from "../agents/ranges.ts";
import type { EffectLine } from "../history/lines.ts";
import type { Finding } from "./finding.ts";
import { grouped, type Send } from "./sends.ts";
import { checkWorkedOn } from "./worked-on.ts";

/** A caller: what it worked on, and what reached the effect server for it. */
export function checkCaller(
  actor: string,
  sends: readonly Send[],
  { done, failed, sum }: CallerState,
  effects: readonly EffectLine[],
): Finding[] {
  const findings = checkWorkedOn(actor, sends, merged(done, failed));
  const reached = grouped(effects, nameOf);
  const sent = new Map(sends.map((send) => [nameOf(send), send]));
  for (const [name, lines] of reached) {
    findings.push(...checkErrand(actor, name, lines, sent.get(name)));
  }
  let due = 0;
  for (const [from, ranges] of Object.entries(done)) {
    for (const n of numbersOf(ranges)) {
      const answer = reached.get(nameOf({ from, n }))?.find(({ performed }) => performed)?.answer;
      if (answer === undefined)
        findings.push({
          promise: "R",
          actor,
          says: `call ${n} of ${from} has a result, and never reached the server`,
        });
      due += answer ?? 0;
    }
  }
  if (due !== sum)
    findings.push({
      promise: "R",
      actor,
      says: `its results add up to ${sum}, the server's answers to ${due}`,
    });
  for (const [from, ranges] of Object.entries(failed)) {
    for (const n of numbersOf(ranges)) {
      if (sent.get(nameOf({ from, n }))?.body.once !== true)
        findings.push({ promise: "L", actor, says: `call ${n} of ${from} was given up` });
    }
  }
  return findings;
}

const nameOf = ({ from, n }: Pick<Send, "from" | "n">): string => `${n} of ${from}`;

function checkErrand(
  actor: string,
  name: string,
  lines: readonly EffectLine[],
  send: Send | undefined,
): Finding[] {
  const keys = new Set(lines.map(({ key }) => key));
  const performed = lines.filter((line) => line.performed).length;
  const findings: Finding[] = [];
  if (send === undefined)
    findings.push({ promise: "X", actor, says: `call ${name} was made, and never asked for` });
  if (keys.size > 1)
    findings.push({ promise: "D", actor, says: `call ${name} was made with ${keys.size} keys` });
  if (send?.body.once === true && performed > 1)
    findings.push({
      promise: "D",
      actor,
      says: `call ${name} was to be made at most once, and was ${performed} times`,
    });
  return findings;
}

/** A key that stands for two calls: the second gets the answer of the first. */
export function checkKeys(effects: readonly EffectLine[]): Finding[] {
  return [...grouped(effects, ({ key }) => key)].flatMap(([key, lines]) => {
    const calls = new Set(lines.map((line) => `${line.actor}: call ${nameOf(line)}`));
    if (calls.size < 2) return [];
    const says = `key ${key} stands for ${[...calls].join(" and ")}`;
    return [{ promise: "R" as const, actor: lines[0]?.actor ?? "", says }];
  });
}

/** Done and failed calls in one order: they come one after another, so each sender's numbers rise together. */
function merged(done: RangesOf, failed: RangesOf): RangesOf {
  const names = new Set([...Object.keys(done), ...Object.keys(failed)]);
  return Object.fromEntries([...names].map((name) => [name, woven(done[name] ?? [], failed[name] ?? [])]));
}

/** Of two orders the one that is least out of order. */
function woven(one: Ranges, two: Ranges): Ranges {
  const [left, right] = [numbersOf(one), numbersOf(two)];
  const all: Ranges = [];
  while (left.length > 0 || right.length > 0) {
    const next =
      (left[0] ?? Number.POSITIVE_INFINITY) <= (right[0] ?? Number.POSITIVE_INFINITY) ? left : right;
    const n = next.shift();
    if (n !== undefined) all.push([n, n]);
  }
  return all;
}
