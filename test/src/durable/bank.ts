import { assign, setup } from "xstate";
import { z } from "zod";
import { type Call, fromCall, reply, tell } from "../../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../protocols/index.ts";
import { type ActorDefinition, type DurabilityOptions, defineActor } from "../../../src/index.ts";

const statement = z.object({
  balance: z.number(),
  /** The numbers of transfers taken, in their order. */
  sent: z.array(z.number()),
  /** Those received; 0 is what was saved. */
  received: z.array(z.number()),
  paid: z.number(),
  failed: z.array(z.string()),
});

export const bank = defineProtocol({
  name: "bank",
  accepts: {
    transfer: z.object({ to: z.string(), amount: z.number(), n: z.number() }),
    credit: z.object({ amount: z.number(), n: z.number() }),
    /** Moves 5 to another account, after a moment. */
    save: z.object({ to: z.string() }),
    /** Pays 7 to the world outside. */
    pay: z.object({}),
    stopPaying: z.object({}),
    /** Credits 1 to another account half a second later, or at once; a later one replaces it. */
    remind: z.object({ to: z.string() }),
    remindNow: z.object({ to: z.string() }),
    take: question(z.object({ amount: z.number() }), z.object({ balance: z.number() })),
    lock: z.object({}),
    unlock: z.object({}),
    fail: z.object({}),
    close: z.object({}),
    /** Answered when it is told to go on. */
    wait: question(z.object({}), z.object({ balance: z.number() })),
    goOn: z.object({}),
    read: question(z.object({}), statement),
  },
});
type Statement = z.infer<typeof statement>;

/** The world outside, which counts what reaches it. */
export interface World {
  /** The keys of all attempts, in their order. */
  readonly attempts: string[];
  /** What comes of an attempt; never, if its process is dead. */
  pay(call: Call<undefined>): Promise<string>;
}

const saveAfterMs = 200;
export const remindAfterMs = 500;

/** A world in which everything succeeds at once. @param alive whether the process that calls is */
export function plainWorld(attempts: string[], alive: () => boolean = () => true): World {
  return {
    attempts,
    pay: async ({ key }) => {
      if (!alive()) return new Promise(() => {});
      attempts.push(key);
      return key;
    },
  };
}

/** An account with 100 at first. */
export function accountActor(
  world: World,
  durability: DurabilityOptions & { readonly effect?: "atLeastOnce" | "atMostOnce" } = {},
): ActorDefinition {
  const { effect = "atLeastOnce", ...options } = durability;
  const machine = setup({
    types: {
      context: {} as Statement & { to: string; asker?: ReplyTo<{ balance: number }> | undefined },
      events: {} as MessageOf<typeof bank>,
    },
    actors: { pay: fromCall<string>((call: Call<undefined>) => world.pay(call), { effect }) },
    delays: { saving: saveAfterMs },
  }).createMachine({
    id: "account",
    type: "parallel",
    context: { balance: 100, sent: [], received: [], paid: 0, failed: [], to: "" },
    on: {
      credit: {
        actions: assign(({ context, event }) => ({
          balance: context.balance + event.amount,
          received: [...context.received, event.n],
        })),
      },
      take: {
        actions: [
          assign({ balance: ({ context, event }) => context.balance - event.amount }),
          reply(({ context }) => ({ balance: context.balance })),
        ],
      },
      wait: {
        actions: assign({ asker: ({ event }) => event.replyTo as ReplyTo<{ balance: number }> | undefined }),
      },
      goOn: {
        actions: reply(({ context }) => ({ balance: context.balance }), {
          to: ({ context }) => context.asker,
        }),
      },
      remind: {
        actions: tell(
          bank,
          ({ event }) => event.to as ActorAddress,
          { type: "credit", amount: 1, n: 0 },
          { id: "reminder", delay: remindAfterMs },
        ),
      },
      remindNow: {
        actions: tell(
          bank,
          ({ event }) => event.to as ActorAddress,
          { type: "credit", amount: 1, n: 0 },
          { id: "reminder", delay: 0 },
        ),
      },
      fail: {
        actions: assign(() => {
          throw new Error("broken on purpose");
        }),
      },
      read: {
        actions: reply(({ context: { balance, sent, received, paid, failed } }) => ({
          balance,
          sent,
          received,
          paid,
          failed,
        })),
      },
    },
    states: {
      till: {
        initial: "open",
        on: { close: ".closed" },
        states: {
          open: {
            on: {
              lock: "locked",
              transfer: {
                actions: [
                  assign(({ context, event }) => ({
                    balance: context.balance - event.amount,
                    sent: [...context.sent, event.n],
                  })),
                  tell(
                    bank,
                    ({ event }) => event.to as ActorAddress,
                    ({ event }) => ({ type: "credit", amount: event.amount, n: event.n }),
                  ),
                ],
              },
            },
          },
          locked: { meta: { postpone: ["transfer"] }, on: { unlock: "open" } },
          closed: { type: "final" },
        },
      },
      savings: {
        initial: "idle",
        on: { close: ".closed" },
        states: {
          idle: { on: { save: { target: "saving", actions: assign({ to: ({ event }) => event.to }) } } },
          saving: {
            after: {
              saving: {
                target: "idle",
                actions: [
                  assign({ balance: ({ context }) => context.balance - 5 }),
                  tell(bank, ({ context }) => context.to as ActorAddress, {
                    type: "credit",
                    amount: 5,
                    n: 0,
                  }),
                ],
              },
            },
          },
          closed: { type: "final" },
        },
      },
      payments: {
        initial: "idle",
        on: { close: ".closed" },
        states: {
          idle: { on: { pay: "paying" } },
          paying: {
            on: { stopPaying: "idle" },
            invoke: {
              src: "pay",
              onDone: {
                target: "idle",
                actions: assign(({ context }) => ({
                  balance: context.balance - 7,
                  paid: context.paid + 1,
                })),
              },
              onError: {
                target: "idle",
                actions: assign({
                  failed: ({ context, event }) => [
                    ...context.failed,
                    (event.error as { code?: string }).code ?? "?",
                  ],
                }),
              },
            },
          },
          closed: { type: "final" },
        },
      },
    },
  });
  return defineActor({ protocol: bank, machine, durability: options }) as ActorDefinition;
}
