import type { AccountState } from "../agents/account.ts";
import type { AlarmState } from "../agents/alarm.ts";
import type { CallerState } from "../agents/caller.ts";
import type { CounterState } from "../agents/counter.ts";
import type { ClientLine, CommitLine, EffectLine, FaultLine } from "../history/lines.ts";

/** A history that can be changed, to plant a fault in it. */
export interface OpenHistory {
  client: ClientLine[];
  effects: EffectLine[];
  states: [
    { actor: "counter.k1"; state: CounterState },
    { actor: "account.k1"; state: AccountState },
    { actor: "account.k2"; state: AccountState },
    { actor: "alarm.k1"; state: AlarmState },
    { actor: "caller.k1"; state: CallerState },
  ];
  commits: CommitLine[];
  faults: FaultLine[];
}

/** A small history in which every promise was kept, with a refused and an unknown send. Sends are 100 ms apart and take 10. */
export function goodHistory(): OpenHistory {
  const client: ClientLine[] = [];
  let op = 0;
  const send = (
    actor: string,
    type: string,
    [from, n]: readonly [string, number],
    body: object = {},
    end: { readonly what?: "taken" | "refused" | "unknown"; readonly reply?: unknown } = {},
  ): void => {
    op++;
    const atMs = op * 100;
    client.push({ what: "sent", op, actor, type, from, n, body: { ...body }, atMs });
    client.push({ what: "taken", op, atMs: atMs + 10, ...end });
  };

  for (const n of [1, 2, 3, 4]) send("counter.k1", "add", ["s1", n], {}, { reply: { at: n } });
  send("counter.k1", "add", ["s1", 5], {}, { what: "refused" });
  send("counter.k1", "add", ["s1", 6], {}, { what: "unknown" });
  send("counter.k1", "add", ["s1", 7]);
  for (const n of [1, 2]) send("counter.k1", "add", ["s2", n]);

  for (const n of [1, 2]) send("account.k1", "transfer", ["s1", n], { to: "account.k2", amount: 10 });
  send("account.k2", "transfer", ["s1", 1], { to: "account.k1", amount: 5 });

  for (const n of [1, 2, 3]) send("alarm.k1", "remind", ["s1", n], { delayMs: 1_000 });
  for (const n of [1, 2, 3]) send("caller.k1", "fetch", ["s1", n], { once: n === 3 });

  const effect = (n: number, attempt: number, performed: boolean, key = `caller.k1/${n}.1`): EffectLine => ({
    ...{ key, actor: "caller.k1", from: "s1", n, attempt, performed, atMs: 3_000 + n },
    ...(performed ? { answer: n * 11 } : {}),
  });
  const rung = (n: number, setAtMs: number, lateMs: number) => ({
    ...{ from: "s1", n, delayMs: 1_000, setAtMs, atMs: setAtMs + 1_000 + lateMs },
  });

  return {
    client,
    // The second call was refused at first; the answer of the third was lost, and its outcome is unknown.
    effects: [effect(1, 1, true), effect(2, 1, false), effect(2, 2, true), effect(3, 1, true)],
    states: [
      {
        actor: "counter.k1",
        state: {
          total: 8,
          from: {
            s1: [
              [1, 4],
              [6, 7],
            ],
            s2: [[1, 2]],
          },
        },
      },
      {
        actor: "account.k1",
        state: {
          ...{ balance: 985, from: { s1: [[1, 2]] } },
          paid: { "account.k2": { count: 2, amount: 20 } },
          got: { "account.k2": { ns: [[1, 1]], amount: 5 } },
        },
      },
      {
        actor: "account.k2",
        state: {
          ...{ balance: 1_015, from: { s1: [[1, 1]] } },
          paid: { "account.k1": { count: 1, amount: 5 } },
          got: { "account.k1": { ns: [[1, 2]], amount: 20 } },
        },
      },
      {
        actor: "alarm.k1",
        // The third was set in the first second of a fault, which held it up.
        state: {
          from: { s1: [[1, 3]] },
          rang: [rung(1, 1_305, 2), rung(2, 1_405, 0), rung(3, 1_505, 6_000)],
        },
      },
      { actor: "caller.k1", state: { done: { s1: [[1, 2]] }, failed: { s1: [[3, 3]] }, sum: 33 } },
    ],
    commits: [
      { actor: "counter.k1", revision: 1, epoch: 1, turn: 3 },
      { actor: "counter.k1", revision: 4, epoch: 2, turn: 3 },
      { actor: "account.k1", revision: 5, epoch: 1, turn: 1 },
    ],
    faults: [{ kind: "kill", victim: "n1", atMs: 1_600, untilMs: 8_000 }],
  };
}
