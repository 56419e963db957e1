import { assign, fromTransition, sendParent, sendTo, setup, spawnChild, stopChild } from "xstate";
import { fromCall, tell } from "../../../../machines/index.ts";
import type { ActorAddress } from "../../../../protocols/index.ts";
import { letters } from "./ping.ts";

/** Its type would want the machine's events, which are of any type here. */
const tellReader = (n: number): never =>
  tell(letters, "reader" as ActorAddress, { type: "letter", n }) as never;

/** Is given a job, and tells its parent of it; may end, or throw. */
export const cook = setup({
  types: { context: {} as { done: number }, input: {} as { done: number } },
  actors: { job: fromCall(() => Promise.resolve<unknown>(undefined)) },
  actions: {
    tellParent: sendParent(({ context }) => ({ type: "cooked", done: (context as { done: number }).done })),
    tellOfDelay: tellReader(3),
    noteDone: assign({ done: ({ context }) => (context.done + 1) % 3 }),
    burn: assign(() => {
      throw new Error("burnt");
    }),
  },
}).createMachine({
  context: ({ input }) => ({ done: input?.done ?? 0 }),
  initial: "free",
  on: {
    leave: ".gone",
    burn: { actions: "burn" },
    // A second one hides the first, which goes on.
    taste: { actions: spawnChild("job", { id: "taste" }) },
    "xstate.done.actor.taste": { actions: ["noteDone", "tellParent"] },
  },
  output: ({ context }) => context.done,
  states: {
    free: { on: { boil: "boiling" } },
    boiling: {
      invoke: { src: "job", onDone: { target: "free", actions: ["noteDone", "tellParent"] } },
      after: { 1000: { target: "free", actions: ["tellParent", "tellOfDelay"] } },
    },
    gone: { type: "final" },
  },
});
const tally = fromTransition((count: number) => (count + 1) % 5, 0);
export const names = ["h0", "h1"] as const;

/** Has cooks: one as long as the stove is on, others whom it hires and fires; and counts by a reducer. */
export const kitchen = setup({
  types: { context: {} as { log: readonly unknown[]; helpers: Record<string, unknown> } },
  actors: { cook, tally, job: fromCall(() => Promise.resolve<unknown>(undefined)) },
  actions: {
    tellOfStove: tellReader(4),
    tellOfDoor: tellReader(5),
    note: assign({
      log: ({ context, event }) =>
        [...context.log, [event.type, event.done ?? event.output].join(" ")].slice(-4),
    }),
  },
}).createMachine({
  context: { log: [], helpers: {} },
  type: "parallel",
  entry: spawnChild("tally", { id: "tally", syncSnapshot: true }),
  on: {
    ...Object.fromEntries(
      names.flatMap((id, done) => {
        const hires = ({ context }: { context: { helpers: object } }): boolean => id in context.helpers;
        const hire = assign({
          helpers: ({ context, spawn }) => ({
            ...context.helpers,
            [id]: spawn("cook", { id, input: { done } }),
          }),
        });
        const dismiss = assign({
          helpers: ({ context: { helpers } }) =>
            Object.fromEntries(Object.entries(helpers as object).filter(([name]) => name !== id)),
        });
        return [
          [`hire.${id}`, [{ guard: hires }, { actions: hire }]],
          [`fire.${id}`, { actions: [stopChild(id), dismiss] }],
          [`order.${id}`, { guard: hires, actions: sendTo(id, { type: "boil" }) }],
          [
            `haste.${id}`,
            { guard: hires, actions: [sendTo(id, { type: "boil" }), sendTo(id, { type: "leave" })] },
          ],
          [`leave.${id}`, { guard: hires, actions: sendTo(id, { type: "leave" }) }],
          [`taste.${id}`, { guard: hires, actions: sendTo(id, { type: "taste" }) }],
          [`burn.${id}`, { guard: hires, actions: sendTo(id, { type: "burn" }) }],
          [`xstate.done.actor.${id}`, { actions: ["note", dismiss] }],
          [`xstate.error.actor.${id}`, { actions: ["note", dismiss] }],
        ];
      }),
    ),
    "xstate.done.actor.*": { actions: "note" },
    "xstate.error.actor.*": { actions: "note" },
    "xstate.snapshot.tally": { actions: "note" },
    cooked: { actions: ["note", sendTo("tally", { type: "cooked" })] },
  },
  states: {
    stove: {
      initial: "off",
      states: {
        off: { on: { flip: { target: "on", actions: "tellOfStove" } } },
        on: {
          on: {
            flip: "off",
            boil: { actions: sendTo("head", { type: "boil" }) },
            leave: { actions: sendTo("head", { type: "leave" }) },
            burn: { actions: sendTo("head", { type: "burn" }) },
          },
          invoke: {
            src: "cook",
            id: "head",
            input: { done: 0 },
            onDone: "off",
            onError: { actions: "note" },
          },
        },
      },
    },
    door: {
      initial: "shut",
      states: {
        hall: { invoke: { src: "job" }, always: "shut" },
        shut: { on: { boil: "ajar", dash: "hall", flip: { actions: ["note", "tellOfDoor"] } } },
        ajar: { invoke: { src: "job" }, on: { boil: "shut" }, after: { 1000: "shut" } },
      },
    },
  },
});
