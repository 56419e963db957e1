import { assign, type DoneActorEvent, setup, spawnChild } from "xstate";
import { z } from "zod";
import {
  announce,
  type Call,
  type DownEvent,
  fromCall,
  reply,
  type ShutdownEvent,
  stopSelf,
} from "../../machines/index.ts";
import {
  actorAddress,
  type CoxswainError,
  defineProtocol,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../protocols/index.ts";
import { defineActor } from "../../src/index.ts";

/** An actor whose coming and going the tests decide. */
export const ward = defineProtocol({
  name: "ward",
  accepts: {
    rise: z.object({}),
    decline: z.object({}),
    leave: z.object({ reason: z.string() }),
    finish: z.object({}),
    fail: z.object({ text: z.string() }),
    cleaned: z.object({}),
    read: question(z.object({}), z.object({ state: z.string() })),
  },
});

const wardSetup = setup({
  types: {
    context: {} as { slow: boolean; tidy: boolean },
    events: {} as MessageOf<typeof ward> | ShutdownEvent,
    input: {} as { slow?: boolean; tidy?: boolean } | undefined,
  },
});

export const wardActor = defineActor({
  protocol: ward,
  machine: wardSetup.createMachine({
    id: "ward",
    context: ({ input }) => ({ slow: input?.slow ?? false, tidy: input?.tidy ?? false }),
    initial: "judging",
    on: {
      fail: {
        actions: ({ event }) => {
          throw new Error(event.text);
        },
      },
    },
    states: {
      judging: {
        tags: "starting",
        always: [{ guard: ({ context }) => context.slow, target: "rising" }, { target: "risen" }],
      },
      rising: {
        tags: "starting",
        on: {
          rise: { target: "risen", actions: announce({ port: 7 }) },
          decline: "gone",
          leave: { actions: stopSelf(({ event }) => event.reason) },
        },
      },
      risen: {
        on: {
          read: { actions: reply({ state: "risen" }) },
          finish: "gone",
          leave: { actions: stopSelf(({ event }) => event.reason) },
          "coxswain.shutdown": { guard: ({ context }) => context.tidy, target: "cleaning" },
        },
      },
      cleaning: { on: { read: { actions: reply({ state: "cleaning" }) }, cleaned: "gone" } },
      gone: { type: "final" },
    },
  }),
});

/** An actor that starts others and keeps count of those that went down. */
export const keeper = defineProtocol({
  name: "keeper",
  accepts: {
    start: question(
      z.object({
        address: z.string(),
        input: z.unknown().optional(),
        node: z.string().optional(),
        withinMs: z.number().optional(),
        actor: z.string().optional(),
      }),
      z.unknown(),
    ),
    stop: question(
      z.object({
        address: z.string(),
        activation: z.string(),
        limit: z.union([z.number(), z.literal(["infinity", "brutal_kill"])]),
      }),
      z.unknown(),
    ),
    downs: question(z.object({}), z.array(z.unknown())),
    end: z.object({ how: z.enum(["done", "failed"]) }),
  },
});

type KeeperMessage = MessageOf<typeof keeper>;
type Of<K> = Extract<KeeperMessage, { type: K }>;
interface Outcome {
  readonly asker: ReplyTo<unknown> | undefined;
  readonly answer: unknown;
}

export const keeperActor = defineActor({
  protocol: keeper,
  machine: setup({
    types: {
      context: {} as { downs: readonly object[] },
      events: {} as KeeperMessage | DownEvent | DoneActorEvent<Outcome>,
    },
    actors: {
      start: fromCall(async ({ input, actors, signal }: Call<Of<"start">>): Promise<Outcome> => {
        const { address, node, withinMs, actor = node === undefined ? wardActor : "ward" } = input;
        const more = { input: input.input, node, startWithinMs: withinMs, signal };
        const answer = await actors
          .start({ address: actorAddress(address), actor, ...more })
          .catch(({ code }: CoxswainError) => ({ kind: "failed", code }));
        return { asker: input.replyTo, answer };
      }),
      stop: fromCall(async ({ input, actors }: Call<Of<"stop">>): Promise<Outcome> => {
        const { activation, limit } = input;
        const child = { address: actorAddress(input.address), activation };
        return { asker: input.replyTo, answer: await actors.stop(child, limit, "no longer needed") };
      }),
    },
  }).createMachine({
    id: "keeper",
    context: { downs: [] },
    initial: "keeping",
    on: {
      start: { actions: spawnChild("start", { input: ({ event }) => event as Of<"start"> }) },
      stop: { actions: spawnChild("stop", { input: ({ event }) => event as Of<"stop"> }) },
      "xstate.done.actor.*": {
        actions: reply(({ event }) => (event as DoneActorEvent<Outcome>).output.answer, {
          to: ({ event }) => (event as DoneActorEvent<Outcome>).output.asker,
        }),
      },
      "coxswain.down": { actions: assign({ downs: ({ context, event }) => [...context.downs, event] }) },
      downs: { actions: reply(({ context }) => [...context.downs]) },
      end: [
        { guard: ({ event }) => event.how === "done", target: ".gone" },
        {
          actions: () => {
            throw new Error("as told");
          },
        },
      ],
    },
    states: { keeping: {}, gone: { type: "final" } },
  }),
});
