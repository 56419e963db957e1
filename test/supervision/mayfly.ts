import { setup } from "xstate";
import { z } from "zod";
import { type ChildLiteral, defineSupervisor } from "../../actors/index.ts";
import { fromCall } from "../../machines/index.ts";
import { defineProtocol, type SupervisorFlagsInput, type supervision } from "../../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../../src/index.ts";

export const mayfly = defineProtocol({ name: "mayfly", accepts: { ping: z.object({}) } });

/** Where a mayfly dies, if it is not calm. `beside` and `within`: once it is up, in a tree of its own kind. */
export const deaths = ["onEntry", "asItRises", "onceUp", "byTimer", "done", "beside", "within"] as const;
export type Death = (typeof deaths)[number];

/** Whether mayflies live on, and who was born. The tests of a file run one after the other. */
export const sky = { calm: true, lives: 0, onBirth: (): void => {} };

/**
 * - `rising`: not up yet; some never get further.
 * - `up`: most do not stay there.
 */
const mayflyMachine = setup({
  types: { context: {} as { death: Death }, input: {} as Death, events: {} as { type: "ping" } },
  actors: {
    fails: fromCall(() => {
      throw new Error("short-lived");
    }),
  },
  actions: {
    beBorn: () => {
      sky.lives++;
      sky.onBirth();
    },
    fail: () => {
      throw new Error("short-lived");
    },
  },
  guards: { dies: ({ context }, death: Death) => !sky.calm && context.death === death },
}).createMachine({
  context: ({ input }) => ({ death: input }),
  entry: "beBorn",
  initial: "rising",
  on: { ping: {} },
  states: {
    rising: {
      tags: "starting",
      initial: "judging",
      states: {
        judging: {
          always: [
            { guard: { type: "dies", params: "onEntry" }, actions: "fail", target: "#up.calm" },
            { guard: { type: "dies", params: "asItRises" }, target: "calling" },
            { target: "#up" },
          ],
        },
        calling: { invoke: { src: "fails" } },
      },
    },
    up: {
      id: "up",
      initial: "judging",
      states: {
        judging: {
          always: [
            { guard: { type: "dies", params: "onceUp" }, target: "calling" },
            { guard: { type: "dies", params: "byTimer" }, target: "waiting" },
            { guard: { type: "dies", params: "done" }, target: "ending" },
            { target: "calm" },
          ],
        },
        calling: { invoke: { src: "fails" } },
        waiting: { after: { 0: { actions: "fail" } } },
        ending: { after: { 0: "#gone" } },
        calm: { id: "up.calm" },
      },
    },
    gone: { id: "gone", type: "final" },
  },
});
export const mayflyActor = defineActor({ protocol: mayfly, machine: mayflyMachine });

/** Takes its time to come up, so that what it stands beside has failed again by then. */
export const slowActor = defineActor({
  protocol: mayfly,
  machine: setup({ types: { events: {} as { type: "ping" } } }).createMachine({
    initial: "rising",
    on: { ping: {} },
    states: { rising: { tags: "starting", after: { 3: "up" } }, up: {} },
  }),
});

/** A supervisor whose child `fly` dies so at each start, while it is not calm. */
export function stormOf(
  death: Death,
  flags: SupervisorFlagsInput,
): ActorDefinition<typeof supervision, undefined> {
  const fly = (input: Death): ChildLiteral => ({ id: "fly", actor: mayflyActor, input });
  const actors = { slow: slowActor };
  if (death === "beside") {
    const children = [fly("onceUp"), { id: "slow", actor: slowActor }];
    return defineSupervisor({ ...flags, actors, strategy: "one_for_all", children });
  }
  if (death === "within") {
    const inner = defineSupervisor({ intensity: 0, children: [fly("onceUp")] });
    return defineSupervisor({ ...flags, actors, children: [{ id: "fly", actor: inner }] });
  }
  return defineSupervisor({ ...flags, actors, children: [fly(death)] });
}
