import type { AccountState } from "../agents/account.ts";
import type { AlarmState } from "../agents/alarm.ts";
import type { CallerState } from "../agents/caller.ts";
import type { CounterState } from "../agents/counter.ts";
import type { CommitLine, History } from "../history/lines.ts";
import { checkAccount, checkBooks } from "./accounts.ts";
import { checkAlarm, type TimerLimits } from "./alarms.ts";
import { checkCaller, checkKeys } from "./callers.ts";
import { checkCounter } from "./counters.ts";
import type { Finding } from "./finding.ts";
import { grouped, type Send, sendsOf } from "./sends.ts";

export interface CheckLimits {
  readonly timers: TimerLimits;
}

/**
 * Holds a history against what durable agents promise. Knows nothing of the runtime: it reads what the client was told, what
 * reached the effect server, what the agents say in the end, and the revisions of their records.
 */
export function check(history: History, limits: CheckLimits): Finding[] {
  const sends = grouped(sendsOf(history.client), ({ actor }) => actor);
  const effects = grouped(history.effects, ({ actor }) => actor);
  const states = new Map(history.states.map(({ actor, state }) => [actor, state]));
  const accounts = new Map<string, AccountState>();
  const findings: Finding[] = [];
  for (const actor of new Set([...sends.keys(), ...states.keys()])) {
    const own = sends.get(actor) ?? [];
    const state = states.get(actor);
    if (state === undefined) {
      findings.push(...missing(actor, own));
      continue;
    }
    const kind = actor.split(".")[0];
    if (kind === "counter") findings.push(...checkCounter(actor, own, state as CounterState));
    if (kind === "caller")
      findings.push(...checkCaller(actor, own, state as CallerState, effects.get(actor) ?? []));
    if (kind === "alarm")
      findings.push(...checkAlarm(actor, own, state as AlarmState, history.faults, limits.timers));
    if (kind === "account") {
      accounts.set(actor, state as AccountState);
      findings.push(...checkAccount(actor, own, state as AccountState));
    }
  }
  return [
    ...findings,
    ...checkBooks(accounts),
    ...checkKeys(history.effects),
    ...checkCommits(history.commits),
  ];
}

function missing(actor: string, sends: readonly Send[]): Finding[] {
  const taken = sends.filter(({ outcome }) => outcome === "taken").length;
  return taken === 0
    ? []
    : [{ promise: "L", actor, says: `it does not answer, and ${taken} messages to it were acknowledged` }];
}

/** Z: by the server's order of writes, neither the epochs of an agent's owners nor its turns ever go back. */
function checkCommits(commits: readonly CommitLine[]): Finding[] {
  return [...grouped(commits, ({ actor }) => actor)].flatMap(([actor, own]) => {
    let [epoch, turn] = [0, 0];
    const findings: Finding[] = [];
    for (const commit of [...own].sort((a, b) => a.revision - b.revision)) {
      if (commit.epoch < epoch) {
        const says = `revision ${commit.revision} was written by epoch ${commit.epoch}, after one of epoch ${epoch}`;
        findings.push({ promise: "Z", actor, says });
      }
      if (commit.turn < turn) {
        const says = `revision ${commit.revision} has turn ${commit.turn}, after one with turn ${turn}`;
        findings.push({ promise: "Z", actor, says });
      }
      epoch = Math.max(epoch, commit.epoch);
      turn = Math.max(turn, commit.turn);
    }
    return findings;
  });
}
