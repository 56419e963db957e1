// The actor that the hosting tests run: plain in the node, in a thread, and in a process, which load this module.
import { type AnyEventObject, assign, emit, enqueueActions, fromCallback, log, setup } from "xstate";
import { z } from "zod";
import { asking, type Call, fromCall, refuse, reply, tell } from "../../../machines/index.ts";
import {
  actorAddress,
  defineProtocol,
  type EmittedOf,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { counter } from "../../support/counter.ts";

const nothing = z.object({});
const text = z.object({ text: z.string() });

export const clerk = defineProtocol({
  name: "clerk",
  version: "1.3",
  accepts: {
    echo: question(text, text),
    /** As `echo`, but postponed while locked. */
    file: question(text, text),
    note: text,
    read: question(nothing, z.object({ notes: z.array(z.string()) })),
    lock: nothing,
    /** Locks by itself, a moment later. */
    lockSoon: nothing,
    unlock: nothing,
    decline: question(nothing, nothing),
    wrongly: question(nothing, z.object({ count: z.number() })),
    announce: text,
    say: text,
    /** Never answers; notes "withdrawn" when its call is aborted. */
    wait: question(nothing, nothing),
    later: question(z.object({ afterMs: z.number() }), text),
    pass: z.object({ to: z.string(), by: z.number() }),
    passWrongly: z.object({ to: z.string() }),
    inquire: question(z.object({ at: z.string(), withinMs: z.number() }), text),
    fail: text,
    failCall: nothing,
    finish: text,
    burst: z.object({ times: z.number() }),
    /** What must be killed. */
    misbehave: z.object({ how: z.string(), afterMs: z.number().optional() }),
    ponder: question(z.object({ forMs: z.number() }), text),
    exit: z.object({ code: z.number() }),
    hoard: z.object({ megabytes: z.number() }),
  },
  emits: { announced: text },
});

const kept: unknown[] = [];

function spin(forMs = Number.POSITIVE_INFINITY): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

const misdeeds: Record<string, () => void> = {
  loop: () => spin(),
  regex: () => void /^(a+)+$/.test(`${"a".repeat(60)}b`),
  heap: () => {
    for (;;) kept.push({ n: kept.length });
  },
  arrays: () => {
    for (;;) kept.push(new Array(2_000_000).fill(1.5));
  },
  map: () => {
    const map = new Map<string, number>();
    kept.push(map);
    for (;;) map.set(`key ${map.size}`, map.size);
  },
  buffers: () => {
    for (;;) kept.push(Buffer.alloc(10_000_000, 1));
  },
};

function misbehave(how: string): void {
  misdeeds[how]?.();
}

type Clerk = MessageOf<typeof clerk>;

export const clerkMachine = setup({
  types: {
    context: {} as { notes: readonly string[]; asker: ReplyTo | undefined; how: string },
    events: {} as Clerk,
    emitted: {} as EmittedOf<typeof clerk>,
    input: {} as { notes: readonly string[] } | undefined,
  },
  actors: {
    waiting: fromCallback<AnyEventObject>(() => () => {}),
    patience: fromCall(
      ({ signal }: Call<undefined>) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ),
    counted: asking(counter, "read"),
    misdeed: fromCall(({ input }: Call<{ how: string }>) => misbehave(input.how)),
    misdeedLater: fromCall(async ({ input }: Call<{ how: string }>) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      misbehave(input.how);
    }),
    faulty: fromCall(async () => {
      throw new Error("no answer from the model");
    }),
  },
  guards: {
    loops: ({ event }) => {
      if ((event as { how?: string }).how === "guard") spin();
      return true;
    },
  },
  delays: { soon: 20 },
}).createMachine({
  id: "clerk",
  context: ({ input }) => ({ notes: input?.notes ?? [], asker: undefined, how: "" }),
  initial: "open",
  on: {
    echo: { actions: reply(({ event }) => ({ text: event.text })) },
    file: { actions: reply(({ event }) => ({ text: `filed ${event.text}` })) },
    read: { actions: reply(({ context }) => ({ notes: [...context.notes] })) },
    decline: { actions: refuse("not today") },
    wrongly: { actions: reply((() => ({ count: "many" })) as never) },
    announce: { actions: emit(({ event }) => ({ type: "announced", text: event.text })) },
    say: { actions: log(({ event }) => event.text) },
    pass: {
      actions: tell(
        counter,
        ({ event }) => actorAddress(event.to),
        ({ event }) => ({ type: "add", by: event.by }),
      ),
    },
    passWrongly: {
      actions: tell(counter, ({ event }) => actorAddress(event.to), { type: "add", by: "two" } as never),
    },
    fail: {
      actions: ({ event }) => {
        throw new Error(event.text);
      },
    },
    finish: { target: ".finished", actions: assign({ notes: ({ event }) => [event.text] }) },
    burst: {
      actions: enqueueActions(({ enqueue, event }) => {
        for (let n = 0; n < event.times; n++) enqueue.emit({ type: "announced", text: String(n) });
      }),
    },
    ponder: { actions: [({ event }) => spin(event.forMs), reply({ text: "pondered" })] },
    exit: { actions: ({ event }) => process.exit(event.code) },
    hoard: { actions: ({ event }) => void kept.push(Buffer.alloc(event.megabytes * 1_048_576, 1)) },
  },
  states: {
    open: {
      on: {
        note: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) },
        lock: "locked",
        lockSoon: "locking",
        wait: { target: "waiting" },
        later: { target: "delaying", actions: assign({ asker: ({ event }) => event.replyTo }) },
        inquire: { target: "inquiring", actions: assign({ asker: ({ event }) => event.replyTo }) },
        failCall: "faulty",
        misbehave: [
          {
            guard: ({ event }) => event.how.startsWith("call "),
            target: "calling",
            actions: assign({ how: ({ event }) => event.how.slice(5) }),
          },
          {
            guard: ({ event }) => event.how.startsWith("later "),
            target: "callingLater",
            actions: assign({ how: ({ event }) => event.how.slice(6) }),
          },
          {
            guard: ({ event }) => event.how.startsWith("timer "),
            target: "ticking",
            actions: assign({ how: ({ event }) => event.how.slice(6) }),
          },
          {
            guard: "loops",
            // What is said before the fault must not be heard: the turn is killed.
            actions: [
              emit({ type: "announced", text: "about to misbehave" }),
              ({ event }) => misbehave(event.how),
            ],
          },
        ],
      },
    },
    locked: {
      meta: { postpone: ["note", "file"] },
      // What is held back is never taken here.
      on: { unlock: "open", file: { actions: reply({ text: "filed in a locked office" }) } },
    },
    locking: { after: { soon: "locked" } },
    waiting: {
      invoke: {
        src: "patience",
        onError: { target: "open", actions: assign({ notes: ["withdrawn"] }) },
      },
    },
    delaying: {
      after: {
        soon: { target: "open", actions: reply({ text: "later" }, { to: ({ context }) => context.asker }) },
      },
    },
    inquiring: {
      invoke: {
        src: "counted",
        input: ({ event }) => {
          const { at, withinMs } = event as Clerk & { type: "inquire" };
          return { to: actorAddress(at), with: {}, withinMs };
        },
        onDone: {
          target: "open",
          actions: reply(({ event }) => ({ text: `it has ${event.output.count}` }), {
            to: ({ context }) => context.asker,
          }),
        },
        onError: {
          target: "open",
          actions: reply(({ event }) => ({ text: (event.error as { code: string }).code }), {
            to: ({ context }) => context.asker,
          }),
        },
      },
    },
    faulty: { invoke: { src: "faulty" } },
    calling: { invoke: { src: "misdeed", input: ({ context }) => ({ how: context.how }), onDone: "open" } },
    callingLater: {
      invoke: { src: "misdeedLater", input: ({ context }) => ({ how: context.how }), onDone: "open" },
    },
    ticking: { after: { soon: { target: "open", actions: ({ context }) => misbehave(context.how) } } },
    finished: { type: "final" },
  },
  output: ({ context }) => ({ notes: context.notes }),
});

export const clerkActor = defineActor({ protocol: clerk, machine: clerkMachine });

/** The same protocol, spoken by a reducer. */
export const tallyActor = defineActor({
  protocol: clerk,
  initial: () => 0,
  receive: (count: number, message, turn) => {
    if (message.type === "echo") turn.reply({ text: `${message.text} ${count}` });
    if (message.type === "misbehave") misbehave(message.how);
    if (message.type === "announce") turn.emit({ type: "announced", text: message.text });
    if (message.type === "fail") throw new Error(message.text);
    if (message.type === "finish") turn.stop(message.text);
    return count + 1;
  },
});

export const noActor = { hello: "world" };
