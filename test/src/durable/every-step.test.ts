import { describe, expect, test } from "vitest";
import type { AgentRecord } from "../../../src/durable/agent-record.ts";
import { decodeHead, decodeRecord, encodeRecord } from "../../../src/durable/record-codec.ts";
import { accountActor, bank, plainWorld } from "./bank.ts";
import { type FaultyCluster, type FaultyNode, faultyCluster } from "./faulty-cluster.ts";
import type { Fate, Step } from "./faulty-wire.ts";

/**
 * - `claimed`: the step comes late, and meanwhile another claims the record.
 * - `stuck`: from this step on none of its kind gets through, and the process dies a while later.
 */
type Fault = Exclude<Fate, "ok"> | "claimed" | "stuck";

interface Run {
  readonly steps: readonly Step[];
  readonly seen: unknown;
}

/** Longer than it takes to tidy a record. */
const stuckMs = 1_500;

const expected = {
  sent: [1, 2, 3, 4, 5, 6],
  received: [1, 2, 3, 4, 5, 6],
  saved: 1,
  paid: 1,
  balances: [100 - 60 - 5 - 7 - 20, 100 + 60 + 5],
  keys: 1,
  sameAnswer: true,
  letters: ["ACTOR_FAILED fail"],
  leftInInboxes: 0,
  zombies: [],
};

/**
 * Two accounts, six transfers, a saving by timer, a payment to the outside, a fault, a question asked twice with a key, and a
 * second node that joins in the midst of it, to which the payer moves. One step of the two nodes ends as given.
 */
async function run(fault?: Fault, atStep = 0): Promise<Run> {
  await using cluster = faultyCluster();
  const steps: Step[] = [];
  let counting = false;
  const nodes = new Map<string, FaultyNode>();
  const stuck = new Map<string, Step>();
  const fateOf =
    (node: string) =>
    (step: Step): Fate | undefined => {
      const { kind, where } = stuck.get(node) ?? {};
      if (step.kind === kind && step.where === where) return "lostRequest";
      if (!counting || isRoutine(step) || steps.push(step) !== atStep || fault === undefined)
        return undefined;
      if (fault !== "claimed" && fault !== "stuck") return fault;
      if (fault === "stuck") {
        stuck.set(node, step);
        cluster.env.setTimer(stuckMs, () => nodes.get(node)?.kill());
        return "lostRequest";
      }
      void claim(cluster, step.what);
      return "late";
    };
  const attempts: string[] = [];
  const watcher = await cluster.join("watcher", {});
  const actorsOf = (alive: () => boolean) => ({ account: accountActor(plainWorld(attempts, alive)) });
  nodes.set("first", await cluster.joinFaulty("first", fateOf("first"), actorsOf));
  await cluster.pass(300);
  const zombies = await watchedEpochs(cluster);
  counting = true;

  const payer = watcher.system.ref("account.eve", bank);
  const payee = watcher.system.ref("account.ada", bank);
  const transfer = (n: number) => ({ type: "transfer", to: "account.ada", amount: 10, n }) as const;
  for (const n of [1, 2, 3]) payer.tell(transfer(n));
  payer.tell({ type: "fail" });
  payer.tell({ type: "save", to: "account.ada" });
  payer.tell({ type: "pay" });
  await cluster.pass(100);
  nodes.set("second", await cluster.joinFaulty("second", fateOf("second"), actorsOf));
  for (const n of [4, 5, 6]) payer.tell(transfer(n));
  const take = { type: "take", amount: 20 } as const;
  const taken = await cluster.asked(() => payer.ask(take, { key: "once", withinMs: 2_000 }));
  await cluster.pass(5_000);
  const again = await cluster.asked(() => payer.ask(take, { key: "once", withinMs: 2_000 }));
  const read = { type: "read" } as const;
  const [paying, paid] = [
    await cluster.asked(() => payer.ask(read, { withinMs: 2_000 })),
    await cluster.asked(() => payee.ask(read, { withinMs: 2_000 })),
  ];
  counting = false;
  const letters = await cluster.settled(watcher.system.deadLetters.list());
  const seen: typeof expected = {
    sent: paying.sent,
    received: paid.received.filter((n) => n > 0),
    saved: paid.received.filter((n) => n === 0).length,
    paid: paying.paid,
    balances: [paying.balance, paid.balance],
    keys: new Set(attempts).size,
    sameAnswer: again.balance === taken.balance,
    // After a crash a letter may be there twice, under the same message id.
    letters: [...new Map(letters.map(({ chain, code, type }) => [chain.id, `${code} ${type}`])).values()],
    leftInInboxes: await leftInInboxes(cluster),
    zombies: zombies as never[],
  };
  return { steps, seen };
}

/** What a node looks at again and again, or writes to say that it lives. */
function isRoutine({ kind, where }: Step): boolean {
  return where === "cx_test" || (where === "cx_test_hosts" && kind === "read");
}

/** What is not acknowledged comes again after half a minute. */
async function leftInInboxes(cluster: FaultyCluster): Promise<number> {
  for (let waitedMs = 0; waitedMs < 40_000; waitedMs += 500) {
    if ((await cluster.inboxCount()) === 0) return 0;
    await cluster.pass(500);
  }
  return cluster.inboxCount();
}

/** Writes of an epoch that came after those of a later one; filled as they happen. */
async function watchedEpochs(cluster: FaultyCluster): Promise<readonly string[]> {
  const zombies: string[] = [];
  const latest = new Map<string, { readonly epoch: number; readonly turn: number }>();
  const records = await cluster.records();
  const watching = records.watch(({ key, value }) => {
    if (value === undefined) return;
    const { epoch, turn } = decodeHead(value);
    const before = latest.get(key);
    if (before !== undefined && (epoch < before.epoch || turn < before.turn))
      zombies.push(`${key}: epoch ${epoch}, turn ${turn} after ${before.epoch}, ${before.turn}`);
    latest.set(key, { epoch, turn });
  });
  await cluster.settled(watching);
  return zombies;
}

/** As an owner does that takes the shard for its own. */
async function claim(cluster: FaultyCluster, key: string): Promise<void> {
  const records = await cluster.records();
  const found = await records.get(key);
  if (found.kind !== "ok" || found.value?.value === undefined) return;
  const { record } = decodeRecord(found.value.value);
  const claimed: AgentRecord = { ...record, epoch: record.epoch + 1, owner: "another", nonce: "another's" };
  await records.update(key, encodeRecord(claimed, cluster.env.nowMs()), found.value.revision);
}

async function failures(fault: Fault): Promise<readonly string[]> {
  const { steps } = await run();
  const failed: string[] = [];
  for (const [i, { kind, where, what }] of steps.entries()) {
    if (fault === "claimed" && !(where === "cx_test_agents" && kind === "write")) continue;
    const place = `${fault} at step ${i + 1} of ${steps.length}, ${kind} ${what}`;
    try {
      const { seen, steps: done } = await run(fault, i + 1);
      if (done.length <= i) failed.push(`${place}: not reached`);
      if (JSON.stringify(seen) !== JSON.stringify(expected)) failed.push(`${place}: ${JSON.stringify(seen)}`);
    } catch (error) {
      failed.push(`${place}: ${error}`);
    }
  }
  return failed;
}

describe("whatever step of a node it is, nothing is lost, doubled or out of order", () => {
  test("without a fault", async () => {
    const { steps, seen } = await run();
    expect(seen).toEqual(expected);
    // Reads, commits, acknowledgements, outboxes, answers, facts and shards are all among them.
    expect(steps.length).toBeGreaterThan(60);
    expect(new Set(steps.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(5);
  });

  test.each<[Fault, string]>([
    ["deadBefore", "F02 F06 where its process dies before it"],
    ["deadAfter", "F03 F04 F05 F06 where its process dies after it"],
    ["lostRequest", "F50 F51 where it does not happen, and no answer comes"],
    ["lostAnswer", "F35 F50 where it happens, and no answer comes"],
    ["stuck", "F04 F05 F50 where from then on none of its kind happens, and its process dies a while later"],
    ["twice", "F50 F54 where it happens twice, and the second is answered"],
    ["late", "F41 where it happens a second late"],
    ["frozenBefore", "F08 where its process stands still before it, until another has taken over"],
    ["frozenAfter", "F08 F44 where its process stands still after it, until another has taken over"],
    ["claimed", "F52 O01 where another owner claims the record before it"],
  ])(
    "%s: %s",
    async (fault) => {
      expect(await failures(fault)).toEqual([]);
    },
    300_000,
  );
});
