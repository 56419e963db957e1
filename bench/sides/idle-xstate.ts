import { type AnyActorRef, createActor } from "xstate";
import { heldBytes } from "../kit/loops.ts";
import { serveSide } from "../kit/serve-side.ts";
import { tallyMachine } from "./protocols.ts";

await serveSide({
  near: () => ({
    round: (size) => {
      const count = Number(size);
      const machine = tallyMachine(() => {});
      const before = heldBytes();
      const began = performance.now();
      const actors: AnyActorRef[] = [];
      for (let i = 0; i < count; i++) actors.push(createActor(machine).start());
      const createMs = performance.now() - began;
      const bytesEach = (heldBytes() - before) / count;
      const told = performance.now();
      for (const actor of actors) actor.send({ type: "add", i: 1 });
      return { createMs, bytesEach, tellMs: performance.now() - told };
    },
  }),
});
