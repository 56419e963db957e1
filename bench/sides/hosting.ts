import { type ActorDefinition, type ActorSystem, createSystem, hostedActor } from "coxswain";
import { askMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { echo, echoActor } from "./protocols.ts";
import { spinner, spinnerActor } from "./spinner.ts";

const turnMaxMs = 200;

/** The side's name is where the actor runs. */
await serveSide({
  near: async ({ side, quick }: SideConfig) => {
    const system = await createSystem({ name: "bench", transport: "memory", onReport: () => {} });
    const place = side === "thread" || side === "process" ? side : undefined;
    const module = (file: string): URL => new URL(file, import.meta.url);
    const hosted =
      place === undefined
        ? echoActor
        : hostedActor({ protocol: echo, in: place, module: module("./protocols.ts"), name: "echoActor" });
    const spinning =
      place === undefined
        ? undefined
        : hostedActor({
            protocol: spinner,
            in: place,
            module: module("./spinner.ts"),
            name: "spinnerActor",
            turnMaxMs,
          });
    const ref = await system.spawn("echo.one", hosted);
    const ask = (): Promise<unknown> => ref.ask({ type: "say", text: text200 });
    return {
      round: (name) => {
        if (name === "life") return live(system, spinning);
        const [total, outstanding] = name === "x1" ? [4_000, 1] : [40_000, 64];
        return askMany(ask, quick ? total / 20 : total, outstanding);
      },
      close: async () => void (await system.drain()),
    };
  },
});

/** An actor of the node itself cannot be killed in its loop: it is only started and stopped. */
async function live(
  system: ActorSystem,
  spinning: ActorDefinition<typeof spinner> | undefined,
): Promise<Record<string, number>> {
  const began = performance.now();
  const ref = await system.spawn("spinner.one", spinning ?? spinnerActor);
  const upMs = performance.now() - began;
  if (spinning === undefined) {
    await ref.stop();
    return { upMs };
  }
  const { down } = ref.watch();
  const told = performance.now();
  ref.tell({ type: "spin" });
  const outcome = await down;
  if (outcome.kind !== "killed") throw new Error(`Expected it to be killed, it was ${outcome.kind}`);
  return { upMs, killedMs: performance.now() - told - turnMaxMs };
}
