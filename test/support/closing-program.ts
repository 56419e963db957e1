// A supervised tree whose children say when they are cleaning up and when they have; "deaf" never has. Closes on signals.
// Arguments: the signal options as JSON; whether "late", which nobody supervises, is deaf too.
import { setup } from "xstate";
import { z } from "zod";
import { defineSupervisor } from "../../actors/index.ts";
import { defineProtocol } from "../../protocols/index.ts";
import { closeOnSignals, createSystem, defineActor } from "../../src/index.ts";

const [options = "{}", lateIsDeaf] = process.argv.slice(2);
const protocol = defineProtocol({ name: "tidy", accepts: { nothing: z.object({}) } });
interface Tidy {
  readonly name: string;
  readonly isDeaf?: boolean;
}

const machine = setup({
  types: { context: {} as Tidy, input: {} as Tidy },
  guards: { hears: ({ context }) => !context.isDeaf },
  actions: {
    say: ({ context }, { word }: { word: string }) => process.stdout.write(`${word} ${context.name}\n`),
  },
}).createMachine({
  context: ({ input }) => input,
  initial: "open",
  states: {
    open: { on: { "coxswain.shutdown": "cleaning" } },
    cleaning: {
      entry: { type: "say", params: { word: "cleaning" } },
      after: { 1: { guard: "hears", target: "clean" } },
    },
    clean: { type: "final", entry: { type: "say", params: { word: "clean" } } },
  },
});
const tidy = defineActor({ protocol, machine });

const system = await createSystem({ name: "closing", transport: "memory" });
closeOnSignals(system, JSON.parse(options));
setInterval(() => {}, 60_000);
await system.spawn(
  "shop",
  defineSupervisor({
    children: [
      { id: "first", actor: tidy, input: { name: "first" } },
      { id: "deaf", actor: tidy, input: { name: "deaf", isDeaf: true }, shutdownMs: 50 },
      {
        id: "inner",
        actor: defineSupervisor({
          children: [
            { id: "one", actor: tidy, input: { name: "one" } },
            { id: "two", actor: tidy, input: { name: "two" } },
          ],
        }),
      },
    ],
  }),
);
await system.spawn("late", tidy, { input: { name: "late", isDeaf: lateIsDeaf === "deaf" } });
process.stdout.write("ready\n");
