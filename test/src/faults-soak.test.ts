import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { assign, emit, fromCallback, fromPromise, setup } from "xstate";
import { z } from "zod";
import { asking, fromCall, reply, tell } from "../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type EmittedOf,
  type MessageOf,
  question,
} from "../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../src/index.ts";
import { seededRandom } from "../support/simulated-env.ts";

const none = z.object({});
const faulty = defineProtocol({
  name: "faulty",
  accepts: {
    guard: none,
    action: none,
    assign: none,
    entry: none,
    rejected: none,
    called: none,
    callback: none,
    lateCallback: none,
    endless: none,
    delayed: none,
    badSend: none,
    noAddress: none,
    badEmit: none,
    noJson: none,
    lost: none,
    listened: none,
    badReply: question(none, z.object({ must: z.string() })),
    circle: question(none, z.unknown()),
    twice: question(none, z.object({})),
    never: question(none, z.object({})),
  },
  emits: { said: z.object({ what: z.unknown() }) },
});

type Fault = keyof typeof faulty.accepts;
const questions: readonly Fault[] = ["badReply", "circle", "twice", "never"];
const faults = Object.keys(faulty.accepts) as Fault[];

const boom = (): never => {
  throw new Error("planted");
};
const circle: { self?: unknown } = {};
circle.self = circle;

const machine = setup({
  types: { events: {} as MessageOf<typeof faulty>, emitted: {} as EmittedOf<typeof faulty> },
  guards: { boom },
  actions: { boom },
  actors: {
    rejects: fromPromise(async () => boom()),
    calls: fromCall(boom),
    asks: asking(faulty, "never"),
    throws: fromCallback(boom),
    throwsLate: fromCallback(({ receive, sendBack }) => {
      receive(boom);
      sendBack({ type: "action" });
      return boom;
    }),
  },
}).createMachine({
  initial: "idle",
  states: {
    idle: {
      on: {
        guard: { guard: "boom", target: "entered" },
        action: { actions: "boom" },
        assign: { actions: assign(boom) },
        entry: "entered",
        rejected: "rejecting",
        called: "calling",
        callback: "calledBack",
        lateCallback: "calledBackLate",
        endless: "spinning",
        delayed: "waiting",
        lost: "asking",
        badSend: { actions: tell(faulty, "nobody" as ActorAddress, { type: "nothing" } as never) },
        noAddress: { actions: tell(faulty, "no address" as ActorAddress, { type: "guard" }) },
        badEmit: { actions: emit(() => ({ type: "unsaid" }) as never) },
        noJson: { actions: emit({ type: "said", what: 1n }) },
        listened: { actions: emit({ type: "said", what: 1 }) },
        badReply: { actions: reply({ must: 7 } as never) },
        circle: { actions: reply(circle) },
        twice: { actions: [reply({}), reply({})] },
        never: {},
      },
    },
    entered: { entry: boom },
    rejecting: { invoke: { src: "rejects" } },
    calling: { invoke: { src: "calls" } },
    calledBack: { invoke: { src: "throws" } },
    calledBackLate: { invoke: { src: "throwsLate" }, on: { action: { actions: "boom" } } },
    spinning: { always: { target: "spun" } },
    spun: { always: { target: "spinning" } },
    waiting: { after: { 1: { actions: "boom" } } },
    asking: { invoke: { src: "asks", input: { to: "nobody" as ActorAddress, with: {}, withinMs: 50 } } },
  },
});

const actor = defineActor({ protocol: faulty, machine });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const seed = Number(process.env.FAULTS_SEED ?? Math.floor(performance.now() * 1_000) % 1_000_000);

/** Sends faults to ten actors, started again whenever they have ended. @returns what was asked */
async function inject(system: ActorSystem, count: number, random: () => number): Promise<unknown[]> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const asked: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    const address = `crew.a${i % 10}`;
    await system.spawn(address, actor).catch(() => {});
    const ref = system.ref(address, faulty);
    const type = pick(faults);
    if (questions.includes(type))
      asked.push(ref.ask({ type: type as "never" }, { withinMs: 200 }).catch(String));
    else ref.tell({ type } as never);
  }
  return Promise.all(asked);
}

test(`ten thousand faults of twenty kinds end nothing but their actors (seed ${seed})`, {
  timeout: 30_000,
}, async () => {
  const escaped: unknown[] = [];
  const note = (error: unknown): void => void escaped.push(error);
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  const random = seededRandom(seed);
  await using system = await createSystem({ name: "t", transport: "memory", onReport: boom });
  await system.spawn("crew.keeper", actor);
  for (let i = 0; i < 10; i++) system.ref(`crew.a${i}`, faulty).on("said", boom);
  const ended = (): number => system.counts.handled + system.counts.refused + system.counts.dead;
  // Every kind once, and the dead letters' stream as full as it gets, before memory is measured.
  await inject(system, 2_000, random);
  const beforeBytes = heapBytes();
  let answers = 0;
  for (let round = 0; round < 10; round++) answers += (await inject(system, 1_000, random)).length;
  expect(answers).toBeGreaterThan(1_000);
  await expect.poll(() => ended() - system.counts.sent, { timeout: 5_000 }).toBe(0);
  expect(system.counts.deadLost).toBe(0);
  // Dead letters are kept, at most 10,000: about a kilobyte each.
  expect(heapBytes() - beforeBytes).toBeLessThan(24 * 1024 * 1024);
  expect(escaped).toEqual([]);
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});
