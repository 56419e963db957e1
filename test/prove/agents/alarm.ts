import { assign, raise, setup } from "xstate";
import { z } from "zod";
import { reply } from "../../../machines/index.ts";
import { defineProtocol, type MessageOf, question } from "../../../protocols/index.ts";
import { machineMs } from "../machine-clock.ts";
import { appendTo, rangesOf } from "./ranges.ts";

/** A timer that went off, in milliseconds of the machine's clock, which no fault jumps. */
const rung = z.object({
  from: z.string(),
  n: z.number(),
  delayMs: z.number(),
  setAtMs: z.number(),
  atMs: z.number(),
});
const state = z.object({ from: rangesOf, rang: z.array(rung) });
export type Rung = z.infer<typeof rung>;
export type AlarmState = z.infer<typeof state>;

const set = z.object({ from: z.string(), n: z.number(), delayMs: z.number() });

/** `wait`: one after another, the next is held back; `remind`: any number at a time. */
export const alarm = defineProtocol({
  name: "alarm",
  accepts: {
    wait: question(set, z.object({})),
    remind: question(set, z.object({})),
    read: question(z.object({}), state),
  },
});

type Pending = Omit<Rung, "atMs">;
interface AlarmContext extends AlarmState {
  readonly waiting: Pending | undefined;
}
type AlarmEvent = MessageOf<typeof alarm> | ({ readonly type: "due" } & Pending);

const pending = ({ from, n, delayMs }: z.infer<typeof set>): Pending => ({
  from,
  n,
  delayMs,
  setAtMs: machineMs(),
});
const noted = (context: AlarmContext, timer: Pending | undefined): Pick<AlarmState, "rang"> => ({
  rang: timer === undefined ? context.rang : [...context.rang, { ...timer, atMs: machineMs() }],
});

/**
 * Sets timers, and keeps when each went off.
 *
 * - `idle`: takes what comes.
 * - `waiting`: until one timer is due (`after`); other reminders go on meanwhile.
 */
export const alarmMachine = setup({
  types: { context: {} as AlarmContext, events: {} as AlarmEvent },
  delays: { asked: ({ context }) => context.waiting?.delayMs ?? 0 },
}).createMachine({
  context: { from: {}, rang: [], waiting: undefined },
  initial: "idle",
  on: {
    remind: {
      actions: [
        assign(({ context, event }) => ({ from: appendTo(context.from, event.from, event.n) })),
        raise(({ event }) => ({ type: "due" as const, ...pending(event) }), {
          delay: ({ event }) => event.delayMs,
        }),
        reply({}),
      ],
    },
    due: { actions: assign(({ context, event: { type: _type, ...timer } }) => noted(context, timer)) },
    read: { actions: reply(({ context: { from, rang } }) => ({ from, rang })) },
  },
  states: {
    idle: {
      on: {
        wait: {
          target: "waiting",
          actions: [
            assign(({ context, event }) => ({
              from: appendTo(context.from, event.from, event.n),
              waiting: pending(event),
            })),
            reply({}),
          ],
        },
      },
    },
    waiting: {
      meta: { postpone: ["wait"] },
      after: {
        asked: {
          target: "idle",
          actions: assign(({ context }) => ({ ...noted(context, context.waiting), waiting: undefined })),
        },
      },
    },
  },
});
