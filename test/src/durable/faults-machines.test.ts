import { describe, expect, test } from "vitest";
import { assign, emit, type MachineConfig, raise, setup } from "xstate";
import { z } from "zod";
import { fromCall, reply, tell } from "../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import type { AgentRecord } from "../../../src/durable/agent-record.ts";
import { encodeRecord } from "../../../src/durable/record-codec.ts";
import { type ActorDefinition, defineActor } from "../../../src/index.ts";
import { rejection } from "../../support/systems.ts";
import { eve, lettersOf, scene, statementOf } from "./bank-scene.ts";
import { durableCluster } from "./durable-cluster.ts";
import { faultyCluster } from "./faulty-cluster.ts";

/** Of which a turn of the account is made that no machine could have come to. */
const tampered: readonly [string, (snapshot: Snapshot) => Snapshot][] = [
  ["with a state that its machine has not", (snapshot) => ({ ...snapshot, value: { till: "admin" } })],
  ["with another status", (snapshot) => ({ ...snapshot, status: "done" })],
  ["with no state at all", (snapshot) => ({ ...snapshot, value: {} })],
];
type Snapshot = Readonly<Record<string, unknown>>;

const trial = defineProtocol({
  name: "trial",
  accepts: {
    add: z.object({ n: z.number() }),
    break: z.object({}),
    /** Answered with what is no answer. */
    odd: question(z.object({}), z.object({ n: z.number() })),
    read: question(z.object({}), z.object({ seen: z.array(z.number()), state: z.string() })),
  },
  emits: { broken: z.object({ n: z.number() }) },
});

function broken(): never {
  throw new Error("broken on purpose");
}

/** Breaks at `break`, where the part given is in its way. */
// biome-ignore lint/suspicious/noExplicitAny: parts of machines of any shape
function trialActor(part: any, more: MachineConfig<any, any>["states"] = {}): ActorDefinition {
  const machine = setup({
    types: { context: {} as { seen: number[] }, events: {} as MessageOf<typeof trial> },
    actors: {
      fails: fromCall(broken),
      works: fromCall(() => 1),
    },
    delays: { soon: broken },
  }).createMachine({
    id: "trial",
    context: { seen: [] },
    initial: "idle",
    on: {
      add: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.n] }) },
      odd: { actions: reply(() => ({ n: "one" }) as never) },
      read: {
        actions: reply(({ context, self }) => ({
          seen: context.seen,
          state: JSON.stringify(self.getSnapshot().value),
        })),
      },
    },
    states: { idle: { on: { break: part } }, away: {}, ...(more as object) },
  });
  return defineActor({ protocol: trial, machine, durability: "durable" }) as ActorDefinition;
}

/** What is at fault, its part of a machine, and other states it needs. */
// biome-ignore lint/suspicious/noExplicitAny: parts of machines of any shape
const places: readonly [string, any, any?][] = [
  ["a guard", { guard: broken, target: "away" }],
  ["what it assigns", { actions: assign(broken), target: "away" }],
  ["what it assigns at an entry", { target: "bad" }, { bad: { entry: assign(broken) } }],
  ["what it assigns at an exit", { target: "bad" }, { bad: { exit: assign(broken), always: "away" } }],
  ["the input of a call", { target: "bad" }, { bad: { invoke: { src: "works", input: broken } } }],
  ["what it emits", { actions: emit(broken), target: "away" }],
  ["whom it tells", { actions: tell(trial, broken, { type: "add", n: 1 }), target: "away" }],
  [
    "what it tells, which does not fit",
    { actions: tell(trial, "trial.two" as ActorAddress, { type: "add", n: "one" } as never), target: "away" },
  ],
  ["a delay", { target: "bad" }, { bad: { after: { soon: "away" } } }],
  ["data that no record can hold", { actions: assign({ odd: () => new Map() } as never), target: "away" }],
  ["a loop that never ends", { actions: raise({ type: "break" } as never), target: "idle", reenter: true }],
];

describe("F16 F13 a turn of a durable agent that fails for", () => {
  test.each(places)(
    "%s is not committed: the message is a dead letter, the agent goes on from before it, here and after a crash",
    async (_, part, more) => {
      await using cluster = durableCluster();
      const watcher = await cluster.join("watcher", {});
      const actors = { trial: trialActor(part, more) };
      const first = await cluster.join("first", actors);
      const ref = watcher.system.ref("trial.one", trial);
      for (const message of [{ type: "add", n: 1 }, { type: "break" }, { type: "add", n: 2 }] as const)
        ref.tell(message);
      const read = { type: "read" } as const;
      const then = { seen: [1, 2], state: '"idle"' };
      expect(await cluster.settled(ref.ask(read, { withinMs: 5_000 }))).toEqual(then);
      await cluster.pass(100);
      const letters = await cluster.settled(watcher.system.deadLetters.list());
      expect(letters.map(({ type }) => type)).toEqual(["break"]);
      first.kill();
      await cluster.join("second", actors);
      expect(await cluster.settled(ref.ask(read, { withinMs: 10_000 }))).toEqual(then);
    },
  );
});

test("F16 X3 an action that throws when it is carried out, after the commit, is reported; the turn stands and the agent goes on", async () => {
  await using cluster = durableCluster();
  const { system } = await cluster.join("first", { trial: trialActor({ actions: broken, target: "away" }) });
  const ref = system.ref("trial.one", trial);
  for (const message of [{ type: "add", n: 1 }, { type: "break" }, { type: "add", n: 2 }] as const)
    ref.tell(message);
  const read = await cluster.settled(ref.ask({ type: "read" }, { withinMs: 5_000 }));
  expect(read).toEqual({ seen: [1, 2], state: '"away"' });
  const errors = cluster.reports.filter(({ level }) => level === "error");
  expect(errors.map(({ address }) => address)).toEqual(["trial.one"]);
  expect(await cluster.settled(system.deadLetters.list())).toEqual([]);
});

test("F15 X4 a call that throws is told to its machine; where that does not listen, the agent goes on from before it", async () => {
  await using cluster = durableCluster();
  const calling = (onError: object) => ({ calling: { invoke: { src: "fails", ...onError } } });
  const { system } = await cluster.join("first", {
    heard: trialActor("calling", calling({ onError: "away" })),
    unheard: trialActor("calling", calling({})),
  });
  for (const [type, state] of [
    ["heard", '"away"'],
    ["unheard", '"calling"'],
  ] as const) {
    const ref = system.ref(`${type}.one`, trial);
    ref.tell({ type: "break" });
    ref.tell({ type: "add", n: 1 });
    await cluster.pass(500);
    const read = await cluster.settled(ref.ask({ type: "read" }, { withinMs: 5_000 }));
    expect(read).toEqual({ seen: [1], state });
  }
});

test("E10 an answer that does not fit fails that question alone", async () => {
  await using cluster = durableCluster();
  const { system } = await cluster.join("first", { trial: trialActor("away") });
  const ref = system.ref("trial.one", trial);
  ref.tell({ type: "add", n: 1 });
  const odd = rejection(ref.ask({ type: "odd" }, { withinMs: 5_000 }));
  ref.tell({ type: "add", n: 2 });
  expect((await cluster.settled(odd)).code).toBe("ACTOR_FAILED");
  expect((await cluster.settled(ref.ask({ type: "read" }))).seen).toEqual([1, 2]);
});

describe("F110 F21 a record", () => {
  test.each(tampered)(
    "%s is not taken up: that is said, its messages stay, and a good one goes on",
    async (_, spoil) => {
      await using cluster = faultyCluster();
      const at = await scene(cluster);
      at.ref.tell({ type: "credit", amount: 1, n: 1 });
      await statementOf(at);
      at.host.kill();
      const records = await cluster.records();
      const good = (await cluster.recordOf(eve)) as AgentRecord;
      const { data } = good.state.snapshot as { readonly data: Snapshot };
      const write = async (record: AgentRecord): Promise<void> => {
        await records.put(cluster.keyOf(eve), encodeRecord(record, cluster.env.nowMs()));
      };
      await write({ ...good, state: { ...good.state, snapshot: { data: spoil(data) } } });
      at.ref.tell({ type: "credit", amount: 1, n: 2 });
      const second = await at.second();
      await cluster.pass(2_000);
      expect(cluster.reports.filter(({ address }) => address === eve).at(-1)?.error).toMatchObject({
        code: "SNAPSHOT_REFUSED",
      });
      expect(await cluster.inboxCount()).toBe(1);
      second.kill();
      await write({ ...good, epoch: 10 });
      await at.second("third");
      expect((await statementOf(at)).received).toEqual([1, 2]);
      expect(await lettersOf(at)).toEqual([]);
    },
  );
});

test.skip("F12 a loop that blocks its process is named by a watchdog: no watchdog; the node loses its lease, and what was at work is put down after its attempts, as in poison.test.ts", () => {});
test.skip("F14 a full heap ends its process: as in poison.test.ts, where a process dies in the midst of a turn", () => {});
