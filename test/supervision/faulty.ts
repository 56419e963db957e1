import { assign, emit, fromCallback, fromPromise, raise, sendTo, setup, spawnChild } from "xstate";
import { z } from "zod";
import { asking, type Call, fromCall, reply, type ShutdownEvent, tell } from "../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../protocols/index.ts";
import { type Birth, defineActor } from "../../src/index.ts";
import { faultyKid } from "./faulty-kid.ts";
import { ledger, plant, type StartFault } from "./ledger.ts";

/** Manners of failing on request. */
export const manners = [
  "action",
  "always",
  "answeredBadly",
  "assign",
  "asked nobody",
  "callback",
  "callbackLater",
  "childsCall",
  "childsEntry",
  "childsEvent",
  "childsTimer",
  "choice",
  "delay",
  "endless",
  "entry",
  "exit",
  "final",
  "grandchild",
  "guard",
  "input",
  "raised",
  "rejected",
  "rejectedLater",
  "rejectedPromise",
  "rejectionHandled",
  "result",
  "saidUnknown",
  "sentBack",
  "thrownCall",
  "timer",
  "toldUnknown",
  "toldNowhere",
  "unspeakable",
] as const;
export type Manner = (typeof manners)[number];

/** What an actor does once it is asked to end. */
export const cleanUps = [
  "tidy",
  "throws",
  "guardThrows",
  "throwsLater",
  "callFails",
  "hangs",
  "disposer",
] as const;
type CleanUp = (typeof cleanUps)[number];

const fault = z.object({ how: z.enum(manners), n: z.number() });

export const faulty = defineProtocol({
  name: "faulty",
  accepts: {
    fail: question(fault, z.object({ n: z.number() })),
    arm: z.object({ how: z.enum(cleanUps), n: z.number() }),
    ping: question(z.object({ n: z.number() }), z.object({ n: z.number() })),
    speak: z.object({ n: z.number() }),
  },
  emits: { up: z.object({}), said: z.object({ n: z.number() }) },
});

interface Input {
  readonly self: ActorAddress;
  readonly fault: { readonly kind: StartFault; readonly n: number } | undefined;
}
interface Context extends Input {
  readonly n: number;
  readonly cleanUp: { readonly how: CleanUp; readonly n: number } | undefined;
}
type Event = MessageOf<typeof faulty> | ShutdownEvent | { readonly type: "go" };

type Failing = Extract<Event, { type: "fail" }>;

/** The number of the fault at hand: the message's own, or that of the one before. */
function nOf({ context, event }: { context: Context; event: Event }): number {
  return event.type === "fail" ? event.n : context.n;
}

/** Takes the fault down, and goes where it strikes. */
const noted = assign<Context, Event, undefined, Event, never>(({ event }) =>
  event.type === "fail" ? { n: event.n } : {},
);

const is =
  (how: Manner) =>
  ({ event }: { event: Event }): boolean =>
    event.type === "fail" && event.how === how;
const ends =
  (how: CleanUp) =>
  ({ context }: { context: Context }): boolean =>
    context.cleanUp?.how === how;
const meets =
  (kind: StartFault) =>
  ({ context }: { context: Context }): boolean =>
    context.fault?.kind === kind;

/**
 * A child that fails as it is told, when it is told.
 *
 * - `arriving`: not up yet; some starts end there.
 * - `up`: takes whatever comes. The others are where one fault or other strikes.
 * - `cleaning…`: was asked to end.
 */
const faultyMachine = setup({
  types: { context: {} as Context, input: {} as Input, events: {} as Event },
  actors: {
    kid: faultyKid,
    rejects: fromCall(({ input }: Call<number>) => plant(input, "rejected", "may fail")),
    rejectsLater: fromCall(async ({ input }: Call<number>) => {
      await new Promise(setImmediate);
      return plant(input, "rejectedLater", "may fail");
    }),
    rejectsPlainly: fromPromise<never, number>(async ({ input }) =>
      plant(input, "rejectedPromise", "may fail"),
    ),
    throws: fromCall(({ input }: Call<number>): number => plant(input, "thrownCall", "may fail")),
    answers: fromCall(({ input }: Call<number>) => input),
    refuses: fromCall(({ input }: Call<number>): number => {
      throw new Error(`handled ${input}`);
    }),
    asks: asking(faulty, "ping"),
    callback: fromCallback<Event, number>(({ input }) => plant(input, "callback")),
    callbackLater: fromCallback<Event, number>(({ input, receive }) => {
      receive(() => plant(input, "callbackLater"));
    }),
    sendsBack: fromCallback<Event, number>(({ sendBack }) => sendBack({ type: "go" })),
    disposes: fromCallback<Event, number>(
      ({ input }) =>
        () =>
          plant(input, "disposer", "may fail"),
    ),
    cleans: fromCall(({ input }: Call<number>) => plant(input, "cleanUpCall", "may fail")),
    startCall: fromCall(({ input }: Call<number>) => plant(input, "startRejected", "may fail")),
  },
  guards: {
    spins: ({ context }) => {
      ledger.spins(context.n, context.self);
      return true;
    },
  },
  actions: {
    strike: ({ context, event }, { how }: { how: string }) => plant(nOf({ context, event }), how),
    spawnKid: spawnChild("kid", {
      id: "kid",
      input: ({ event }) => ({ n: (event as Failing).n, how: (event as Failing).how }),
    }),
    strikeStart: ({ context }) => plant(context.fault?.n ?? -1, `start ${context.fault?.kind}`),
    strikeCleanUp: ({ context }) => plant(context.cleanUp?.n ?? -1, `clean-up ${context.cleanUp?.how}`),
  },
}).createMachine({
  id: "faulty",
  context: ({ input }) => {
    if (input.fault?.kind === "context") plant(input.fault.n, "start context");
    return { ...input, n: -1, cleanUp: undefined };
  },
  initial: "arriving",
  on: {
    ping: { actions: reply(({ event }) => ({ n: event.n })) },
    speak: { actions: emit(({ event }) => ({ type: "said", n: event.n })) },
    arm: { actions: assign(({ event }) => ({ cleanUp: { how: event.how, n: event.n } })) },
    go: { actions: { type: "strike", params: { how: "raised or sent back" } } },
    fail: [
      { guard: (args) => is("guard")(args) && plant(nOf(args), "guard"), target: ".up" },
      { guard: is("action"), actions: { type: "strike", params: { how: "action" } } },
      { guard: is("assign"), actions: assign((args) => plant(nOf(args), "assign")) },
      { guard: is("entry"), target: ".broken" },
      { guard: is("exit"), target: ".leaving", actions: [noted, raise({ type: "go" })] },
      { guard: is("final"), target: ".ended", actions: noted },
      { guard: is("always"), target: ".deciding", actions: noted },
      { guard: is("endless"), target: ".spinning", actions: noted },
      { guard: is("raised"), actions: [noted, raise({ type: "go" })] },
      { guard: is("timer"), target: ".waiting", actions: noted },
      { guard: is("delay"), actions: [noted, raise({ type: "go" }, { delay: 1 })] },
      { guard: is("choice"), actions: assign({ n: (args) => plant(nOf(args), "choice") }) },
      { guard: is("input"), actions: spawnChild("kid", { input: (args) => plant(nOf(args), "input") }) },
      { guard: is("rejected"), target: ".calling.rejected", actions: noted },
      { guard: is("rejectedLater"), target: ".calling.later", actions: noted },
      { guard: is("rejectedPromise"), target: ".calling.plainly", actions: noted },
      { guard: is("thrownCall"), target: ".calling.thrown", actions: noted },
      { guard: is("result"), target: ".calling.answered", actions: noted },
      { guard: is("rejectionHandled"), target: ".calling.refused", actions: noted },
      { guard: is("asked nobody"), target: ".calling.asking", actions: noted },
      { guard: is("callback"), target: ".calling.back", actions: noted },
      { guard: is("callbackLater"), target: ".calling.backLater", actions: noted },
      { guard: is("sentBack"), target: ".calling.sentBack", actions: noted },
      {
        guard: is("childsEvent"),
        actions: ["spawnKid", sendTo("kid", { type: "go" })],
      },
      { guard: is("childsEntry"), actions: "spawnKid" },
      { guard: is("childsTimer"), actions: "spawnKid" },
      { guard: is("childsCall"), actions: "spawnKid" },
      { guard: is("grandchild"), actions: "spawnKid" },
      { guard: is("saidUnknown"), actions: emit((args) => ({ type: bad(args, "saidUnknown") }) as never) },
      {
        guard: is("toldUnknown"),
        actions: tell(faulty, here, (args) => ({ type: bad(args, "toldUnknown") }) as never),
      },
      {
        guard: is("toldNowhere"),
        actions: tell(faulty, (args) => bad(args, "toldNowhere") as ActorAddress, { type: "speak", n: 0 }),
      },
      {
        guard: is("unspeakable"),
        actions: tell(faulty, here, (args) => ({ type: "speak", n: bad(args, "unspeakable") }) as never),
      },
      { guard: is("answeredBadly"), actions: reply((args) => ({ n: bad(args, "answeredBadly") }) as never) },
    ],
    "coxswain.shutdown": [
      { guard: ends("guardThrows"), actions: "strikeCleanUp" },
      { guard: ends("throws"), actions: "strikeCleanUp" },
      { guard: ends("tidy"), target: ".cleaning.tidy" },
      { guard: ends("throwsLater"), target: ".cleaning.throwing" },
      { guard: ends("callFails"), target: ".cleaning.calling" },
      { guard: ends("disposer"), target: ".cleaning.disposing" },
      { guard: ends("hangs"), target: ".cleaning.deaf" },
    ],
  },
  states: {
    arriving: {
      tags: "starting",
      meta: { postpone: ["fail", "arm"] },
      initial: "judging",
      states: {
        judging: {
          always: [
            { guard: meets("entry"), target: "#faulty.startBroken" },
            { guard: (args) => meets("always")(args) && plant(args.context.fault?.n ?? -1, "start always") },
            { guard: meets("rejected"), target: "calling" },
            { guard: meets("delayed"), target: "waiting" },
            { target: "#faulty.up", actions: emit({ type: "up" }) },
          ],
        },
        calling: { invoke: { src: "startCall", input: ({ context }) => context.fault?.n ?? -1 } },
        waiting: { after: { 1: { actions: "strikeStart" } } },
      },
    },
    up: {},
    startBroken: { entry: "strikeStart" },
    broken: { entry: { type: "strike", params: { how: "entry" } } },
    leaving: { exit: { type: "strike", params: { how: "exit" } }, on: { go: "up" } },
    ended: { type: "final", entry: { type: "strike", params: { how: "final" } } },
    deciding: { always: { guard: (args) => plant(nOf(args), "always") } },
    spinning: { always: { guard: "spins", target: "spun" } },
    spun: { always: { target: "spinning" } },
    waiting: { after: { 1: { actions: { type: "strike", params: { how: "timer" } } } } },
    calling: {
      initial: "rejected",
      states: {
        rejected: { invoke: { src: "rejects", input: ({ context }) => context.n } },
        later: { invoke: { src: "rejectsLater", input: ({ context }) => context.n } },
        plainly: { invoke: { src: "rejectsPlainly", input: ({ context }) => context.n } },
        thrown: { invoke: { src: "throws", input: ({ context }) => context.n } },
        answered: {
          invoke: {
            src: "answers",
            input: ({ context }) => context.n,
            onDone: { actions: ({ context }) => plant(context.n, "result") },
          },
        },
        refused: {
          invoke: {
            src: "refuses",
            input: ({ context }) => context.n,
            onError: { actions: ({ context }) => plant(context.n, "rejectionHandled") },
          },
        },
        asking: {
          invoke: {
            src: "asks",
            input: ({ context }) => {
              ledger.strike(context.n, "asked nobody", "may fail");
              return { to: `planted-${context.n}` as ActorAddress, with: { n: 0 }, withinMs: 100 };
            },
          },
        },
        back: { invoke: { src: "callback", input: ({ context }) => context.n } },
        backLater: {
          invoke: { id: "later", src: "callbackLater", input: ({ context }) => context.n },
          entry: sendTo("later", { type: "go" }),
        },
        sentBack: { invoke: { src: "sendsBack", input: ({ context }) => context.n } },
      },
    },
    cleaning: {
      meta: { postpone: ["fail", "arm"] },
      initial: "tidy",
      states: {
        tidy: { after: { 1: "#faulty.clean" } },
        throwing: { after: { 1: { actions: "strikeCleanUp" } } },
        calling: { invoke: { src: "cleans", input: ({ context }) => context.cleanUp?.n ?? -1 } },
        disposing: {
          invoke: { src: "disposes", input: ({ context }) => context.cleanUp?.n ?? -1 },
          after: { 1: "#faulty.clean" },
        },
        deaf: {},
      },
    },
    clean: { type: "final" },
  },
});

function here({ context }: { context: Context }): ActorAddress {
  return context.self;
}

/** What no protocol has a place for. */
function bad(args: { context: Context; event: Event }, kind: Manner): string {
  const n = nOf(args);
  // An answer that nobody waits for is dropped.
  const unasked = kind === "answeredBadly" && !(args.event as Failing).replyTo?.$replyTo;
  ledger.strike(n, kind, unasked ? "may fail" : "fails");
  return `planted ${n}`;
}

/** Consulted at each start: some meet a fault before there is an actor at all. */
function inputOf(_given: unknown, { self }: Birth): Input {
  const kind = ledger.takePlanned(self);
  if (kind === undefined) return { self, fault: undefined };
  const n = ledger.nextNumber();
  if (kind === "input") plant(n, "start input", "bears no life");
  return { self, fault: { kind, n } };
}

export const faultyActor = defineActor({ protocol: faulty, machine: faultyMachine, inputOf });
