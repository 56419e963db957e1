import {
  type AnyActorLogic,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  fromPromise,
  fromTransition,
  SimulatedClock,
  setup,
} from "xstate";
import { randomEvents, randomMachine } from "../../../support/random-machine.ts";
import { seededRandom } from "../../../support/simulated-env.ts";

export const never = fromPromise(() => new Promise<never>(() => {}));
export const counting = fromTransition((count: number) => count + 1, 0);

export const kid = createMachine({
  id: "kid",
  initial: "small",
  states: { small: { on: { grow: "tall" } }, tall: {} },
});

/** An order that drafts, is paid by a call within a time, remembers where it was, and has a child. */
export function orderMachine(change: (config: OrderConfig) => void = () => {}): AnyStateMachine {
  const config: OrderConfig = {
    id: "order",
    initial: "draft",
    context: { items: [] },
    states: {
      draft: {
        initial: "empty",
        states: { empty: { on: { add: "filled" } }, filled: {}, last: { type: "history", history: "deep" } },
        on: { submit: "paying" },
      },
      paying: {
        invoke: { id: "payment", src: "pay", onDone: "handling" },
        after: { patience: "draft.last" },
        on: { back: "draft.last" },
      },
      handling: {
        type: "parallel",
        states: {
          parcel: { initial: "packing", states: { packing: { on: { packed: "sent" } }, sent: {} } },
          letter: { initial: "writing", states: { writing: {}, written: {} } },
        },
      },
      helped: { invoke: { id: "helper", src: "kid" } },
    },
    on: { help: ".helped", paid: ".handling" },
  };
  change(config);
  return setup({
    actors: { pay: never, charge: never, kid, counting },
    delays: { patience: 1_000, longer: 2_000 },
    actions: { note: assign({}) },
  }).createMachine(config as never) as never;
}

/** Without the state `helped`. */
export function helplessOrder(): AnyStateMachine {
  return orderMachine((config) => {
    const { helped: _, ...states } = config.states;
    Object.assign(config, { states, on: { paid: ".handling" } });
  });
}

export interface StateConfig {
  type?: string;
  initial?: string;
  history?: string;
  states?: Record<string, StateConfig>;
  [more: string]: unknown;
}
export type OrderConfig = StateConfig & {
  id: string;
  states: Record<"draft" | "paying" | "handling" | "helped", StateConfig> & Record<string, StateConfig>;
};

/** What is stored after these events, as a store gives it back. */
export function persistedAfter(logic: AnyActorLogic, ...types: string[]): Stored {
  const actor = createActor(logic).start();
  for (const type of types) actor.send({ type });
  return structuredClone(JSON.parse(JSON.stringify(actor.getPersistedSnapshot())));
}

/** Loose, so that tests can spoil it. */
export interface Stored {
  status: string;
  value: unknown;
  context: Record<string, unknown>;
  historyValue: Record<string, { id: string }[]>;
  children: Record<string, { src: string; snapshot: Stored }>;
}

/** A random machine, and what it stored along a random run while it was active. */
export function randomRun(
  seed: number,
): { readonly machine: AnyStateMachine; readonly stored: Stored[] } | undefined {
  const machine = randomMachine(seededRandom(seed), () => {}, { invoking: seed % 2 === 1 });
  if (machine === undefined) return undefined;
  const actor = createActor(machine, { input: 1, clock: new SimulatedClock() });
  actor.subscribe({ error: () => {} });
  actor.start();
  const random = seededRandom(seed + 1);
  const stored: Stored[] = [];
  for (let i = 0; i < 12 && actor.getSnapshot().status === "active"; i++) {
    stored.push(JSON.parse(JSON.stringify(actor.getPersistedSnapshot())));
    actor.send({ type: randomEvents[Math.floor(random() * randomEvents.length)] as string });
  }
  actor.stop();
  return { machine, stored };
}
