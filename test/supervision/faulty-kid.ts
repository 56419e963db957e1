import { setup, spawnChild } from "xstate";
import { fromCall } from "../../machines/index.ts";
import { plant } from "./ledger.ts";

interface Fault {
  readonly n: number;
  readonly how: string;
}

/** A local child that fails in ways of its own. */
export const faultyKid = setup({
  types: {
    context: {} as Fault,
    input: {} as Fault,
    events: {} as { type: "go" },
  },
  actors: {
    rejects: fromCall<never, number>(({ input }) => plant(input, "childsCall", "may fail")),
    grandchild: setup({ types: { context: {} as { n: number }, input: {} as { n: number } } }).createMachine({
      context: ({ input }) => input,
      entry: ({ context }) => plant(context.n, "grandchild"),
    }),
  },
  actions: {
    strike: ({ context: { n, how } }) => plant(n, how),
  },
}).createMachine({
  context: ({ input }) => input,
  initial: "judging",
  on: { go: { actions: "strike" } },
  states: {
    judging: {
      always: [
        { guard: ({ context }) => context.how === "childsEntry", target: "broken" },
        { guard: ({ context }) => context.how === "childsTimer", target: "waiting" },
        { guard: ({ context }) => context.how === "childsCall", target: "calling" },
        { guard: ({ context }) => context.how === "grandchild", target: "parent" },
        { target: "ready" },
      ],
    },
    broken: { entry: "strike" },
    waiting: { after: { 1: { actions: "strike" } } },
    calling: { invoke: { src: "rejects", input: ({ context }) => context.n } },
    parent: { entry: spawnChild("grandchild", { input: ({ context }) => ({ n: context.n }) }) },
    ready: {},
  },
});
