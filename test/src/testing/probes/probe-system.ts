import { setup } from "xstate";
import { z } from "zod";
import { tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import {
  type ActorSystem,
  createMemoryHub,
  createSystem,
  defineActor,
  type Env,
} from "../../../../src/index.ts";
import { simulatedEnv } from "../../../support/simulated-env.ts";

export const bank = defineProtocol({
  name: "bank",
  accepts: {
    open: z.object({ owner: z.object({ name: z.string(), tags: z.array(z.string()) }) }),
    deposit: z.object({ account: z.string(), amount: z.number() }),
    close: z.object({}),
    balance: question(z.object({ account: z.string() }), z.object({ amount: z.number() })),
  },
  emits: { opened: z.object({ account: z.string() }) },
});

export const clock = defineProtocol({
  name: "clock",
  accepts: { start: z.object({ afterMs: z.number() }), ring: z.object({}) },
});

/** Closes the bank so long after it was told to start, and whenever it rings. */
export const clockActor = defineActor({
  protocol: clock,
  machine: setup({
    types: { events: {} as MessageOf<typeof clock>, context: {} as { afterMs: number } },
    actions: { ring: tell(bank, "bank" as ActorAddress, { type: "close" }) },
    delays: { due: ({ event }) => (event as { afterMs: number }).afterMs },
  }).createMachine({
    context: { afterMs: 0 },
    initial: "idle",
    on: { ring: { actions: "ring" } },
    states: {
      idle: { on: { start: "counting" } },
      counting: { after: { due: { target: "idle", actions: "ring" } } },
    },
  }),
});

/**
 * A node over the in-process transport, whose time goes on only while an expectation waits.
 *
 * @param changed makes another clock of it
 */
export async function stillSystem(changed = (env: Env): Env => env): Promise<{
  readonly system: ActorSystem;
  readonly env: ReturnType<typeof simulatedEnv>;
  readonly advance: (ms: number) => void;
  readonly reports: string[];
}> {
  const env = simulatedEnv();
  const reports: string[] = [];
  const transport = createMemoryHub({ env }).connect();
  const system = await createSystem({
    name: "probes",
    node: "a",
    transport,
    env: changed(env),
    onReport: ({ message }) => void reports.push(message),
  });
  return { system, env, reports, advance: (ms) => env.advance(ms) };
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("Expected a rejection");
}
