import { numbersOf, type Ranges, type RangesOf } from "../agents/ranges.ts";
import type { Finding } from "./finding.ts";
import { grouped, type Send } from "./sends.ts";

/** What an actor has worked on, by sender, held against what it was sent. Order counts unless told otherwise. */
export function checkWorkedOn(actor: string, sends: readonly Send[], done: RangesOf): Finding[] {
  const bySender = grouped(sends, ({ from }) => from);
  const senders = new Set([...bySender.keys(), ...Object.keys(done)]);
  return [...senders].flatMap((from) => checkSender(actor, from, bySender.get(from) ?? [], done[from] ?? []));
}

function checkSender(actor: string, from: string, sends: readonly Send[], done: Ranges): Finding[] {
  const numbers = numbersOf(done);
  const known = new Map(sends.map((send) => [send.n, send]));
  const seen = new Set<number>();
  const findings: Finding[] = [];
  let last = 0;
  for (const n of numbers) {
    const outcome = known.get(n)?.outcome;
    const what = `message ${n} of ${from}`;
    if (outcome === undefined) findings.push({ promise: "X", actor, says: `${what} was never sent` });
    if (outcome === "refused")
      findings.push({ promise: "X", actor, says: `${what} was refused, and worked on all the same` });
    if (seen.has(n)) findings.push({ promise: "D", actor, says: `${what} was worked on again` });
    else if (n < last) findings.push({ promise: "O", actor, says: `${what} was worked on after ${last}` });
    seen.add(n);
    last = Math.max(last, n);
  }
  for (const { n, outcome } of sends) {
    if (outcome === "taken" && !seen.has(n))
      findings.push({
        promise: "L",
        actor,
        says: `message ${n} of ${from} was acknowledged, and is not worked on`,
      });
  }
  return findings;
}
