import { assign, setup } from "xstate";
import { z } from "zod";
import { announce, fromCall, type ShutdownEvent, stopSelf, tell } from "../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";

/** How a probe can be told to end; "stopped(x)" is in good order, with a reason. */
export const ends = ["done", "stopped", "stopped(x)", "failed"] as const;
export type End = (typeof ends)[number];

export const probe = defineProtocol({
  name: "probe",
  accepts: { die: z.object({ how: z.enum(ends) }) },
});

/** Keeps what the probes of each run did, in order, until it is read. */
const recording = defineProtocol({
  name: "recording",
  accepts: {
    noted: z.object({ run: z.string(), what: z.string() }),
    read: question(z.object({ run: z.string() }), z.object({ notes: z.array(z.string()) })),
  },
});

export const recorder = defineActor({
  protocol: recording,
  initial: (): Readonly<Record<string, readonly string[]>> => ({}),
  receive: (notes, message, turn) => {
    const { run } = message;
    const known = notes[run] ?? [];
    if (message.type === "noted") return { ...notes, [run]: [...known, message.what] };
    turn.reply({ notes: known });
    return { ...notes, [run]: [] };
  },
});

export type Mode = "ok" | "ignore" | "error" | "info";

export interface Behaviour {
  /** What comes of a start; default ok. */
  readonly mode?: Mode;
  /** Cleans up, and says so, when it is asked to end. */
  readonly trap?: boolean;
  /** How long that takes, in milliseconds; default 0. */
  readonly cleanUpMs?: number;
  /** Takes no notice when it is asked to end. */
  readonly deaf?: boolean;
}

export interface ProbeInput extends Behaviour {
  readonly run: string;
  readonly tag: string;
  readonly recorder: ActorAddress;
}

/** What a start does instead of what the behaviour says. */
export interface Plan {
  readonly mode: Mode;
  readonly slowMs?: number;
}

const plans = new Map<string, { next: Plan[]; always: Plan | undefined }>();
const keyOf = (run: string, tag: string): string => `${run} ${tag}`;

/** What the next starts of a tag do, each once. */
export function planNext(run: string, tag: string, next: readonly Plan[]): void {
  plans.set(keyOf(run, tag), { next: [...next], always: undefined });
}

/** What every start of a tag does from now on. */
export function planAlways(run: string, tag: string, always: Plan): void {
  plans.set(keyOf(run, tag), { next: [], always });
}

function planOf({ run, tag, mode = "ok" }: ProbeInput): Plan {
  const planned = plans.get(keyOf(run, tag));
  return planned?.next.shift() ?? planned?.always ?? { mode };
}

/**
 * A child whose doings are recorded, and which does as it is told.
 *
 * - `starting`: asks what to do, takes its time, and comes up, declines or fails.
 * - `up`: can be told to die.
 * - `cleaning`: was asked to end, and does so in its own time.
 * - `deaf`: was asked to end, and never does.
 */
const probeMachine = setup({
  types: {
    context: {} as ProbeInput & { plan: Plan },
    input: {} as ProbeInput,
    events: {} as MessageOf<typeof probe> | ShutdownEvent,
  },
  actors: { plan: fromCall<Plan, ProbeInput>(({ input }) => planOf(input)) },
  actions: {
    note: tell(
      recording,
      ({ context }) => context.recorder,
      ({ context }, { what }: { what: string }) => ({
        type: "noted",
        run: context.run,
        what: `${what} ${context.tag}`,
      }),
    ),
    fail: () => {
      throw new Error("nope");
    },
  },
  guards: {
    is: ({ event }, { how }: { how: End }) => event.type === "die" && event.how === how,
    planned: ({ context }, { mode }: { mode: Mode }) => context.plan.mode === mode,
  },
  delays: {
    start: ({ context }) => context.plan.slowMs ?? 0,
    cleanUp: ({ context }) => context.cleanUpMs ?? 0,
  },
}).createMachine({
  id: "probe",
  context: ({ input }) => ({ ...input, plan: { mode: "ok" } }),
  initial: "starting",
  states: {
    starting: {
      tags: "starting",
      entry: { type: "note", params: { what: "starting" } },
      initial: "asking",
      states: {
        asking: {
          invoke: {
            src: "plan",
            input: ({ context }) => context,
            onDone: { target: "waiting", actions: assign(({ event }) => ({ plan: event.output })) },
          },
        },
        waiting: { after: { start: "deciding" } },
        deciding: {
          always: [
            { guard: { type: "planned", params: { mode: "error" } }, target: "#probe.up", actions: "fail" },
            { guard: { type: "planned", params: { mode: "ignore" } }, target: "#probe.ended" },
            {
              guard: { type: "planned", params: { mode: "info" } },
              target: "#probe.up",
              actions: announce("extra_info"),
            },
            "#probe.up",
          ],
        },
      },
    },
    up: {
      on: {
        die: [
          { guard: { type: "is", params: { how: "done" } }, target: "ended" },
          { guard: { type: "is", params: { how: "stopped" } }, actions: stopSelf() },
          { guard: { type: "is", params: { how: "stopped(x)" } }, actions: stopSelf("x") },
          { actions: "fail" },
        ],
        "coxswain.shutdown": [
          { guard: ({ context }) => context.deaf === true, target: "deaf" },
          { guard: ({ context }) => context.trap === true, target: "cleaning" },
        ],
      },
    },
    deaf: {},
    cleaning: {
      after: { cleanUp: { target: "ended", actions: { type: "note", params: { what: "cleaned" } } } },
    },
    ended: { type: "final" },
  },
});

export const probeActor = defineActor({ protocol: probe, machine: probeMachine });
