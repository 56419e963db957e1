import { assign, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { perform } from "../effects/perform.ts";
import { appendTo, rangesOf } from "./ranges.ts";

const state = z.object({
  /** Whose call gave a result, and whose failed, by who asked for it. */
  done: rangesOf,
  failed: rangesOf,
  /** Of the answers of all that are done: an answer applied twice, or of another call, shows. */
  sum: z.number(),
});
export type CallerState = z.infer<typeof state>;

const job = z.object({ from: z.string(), n: z.number(), once: z.boolean() });

/** Calls to the effect server, one after another. With `once` at most once. */
export const caller = defineProtocol({
  name: "caller",
  accepts: { fetch: job, read: question(z.object({}), state) },
});

interface CallerContext extends CallerState {
  readonly self: string;
  readonly job: z.infer<typeof job> | undefined;
}

type Errand = Call<{ readonly self: string; readonly from: string; readonly n: number }>;

/** For a planted bug, see `freshKeys`. */
const fresh = (): string => process.env.FRESH_KEYS ?? "";

const run = ({ input: { self, from, n }, key, attempt, signal }: Errand): Promise<number> =>
  perform({ key: key + fresh(), actor: self, from, n, attempt }, signal);

const retry = { attempts: 40, firstMs: 50, maxMs: 1_000 };

/**
 * - `idle`: takes the next.
 * - `calling`: a call runs, the next waits.
 */
export const callerMachine = setup({
  types: {
    context: {} as CallerContext,
    events: {} as MessageOf<typeof caller>,
    input: {} as { readonly self: string },
  },
  actors: {
    atLeastOnce: fromCall(run, { retry }),
    atMostOnce: fromCall(run, { retry, effect: "atMostOnce" }),
  },
}).createMachine({
  context: ({ input }) => ({ self: input.self, job: undefined, done: {}, failed: {}, sum: 0 }),
  initial: "idle",
  on: { read: { actions: reply(({ context: { done, failed, sum } }) => ({ done, failed, sum })) } },
  states: {
    idle: {
      on: {
        fetch: [
          {
            guard: ({ event }) => event.once,
            target: "callingOnce",
            actions: assign(({ event: { from, n, once } }) => ({ job: { from, n, once } })),
          },
          {
            target: "calling",
            actions: assign(({ event: { from, n, once } }) => ({ job: { from, n, once } })),
          },
        ],
      },
    },
    calling: {
      meta: { postpone: ["fetch"] },
      invoke: {
        src: "atLeastOnce",
        input: ({ context: { self, job: of } }) => ({ self, from: of?.from ?? "", n: of?.n ?? 0 }),
        onDone: { target: "idle", actions: assign(({ context, event }) => finished(context, event.output)) },
        onError: { target: "idle", actions: assign(({ context }) => failed(context)) },
      },
    },
    callingOnce: {
      meta: { postpone: ["fetch"] },
      invoke: {
        src: "atMostOnce",
        input: ({ context: { self, job: of } }) => ({ self, from: of?.from ?? "", n: of?.n ?? 0 }),
        onDone: { target: "idle", actions: assign(({ context, event }) => finished(context, event.output)) },
        onError: { target: "idle", actions: assign(({ context }) => failed(context)) },
      },
    },
  },
});

function finished({ done, sum, job: of }: CallerContext, answer: number): Partial<CallerContext> {
  return of === undefined ? {} : { done: appendTo(done, of.from, of.n), sum: sum + answer, job: undefined };
}

function failed({ failed: before, job: of }: CallerContext): Partial<CallerContext> {
  return of === undefined ? {} : { failed: appendTo(before, of.from, of.n), job: undefined };
}
