import { Arrivals, heldBytes, tellMany } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";

interface Nact {
  start(): object;
  spawn(
    parent: object,
    receive: (state: number | undefined, message: unknown) => number,
    name?: string,
  ): object;
  dispatch(to: object, message: unknown): void;
}

// A name the compiler does not look up: the package is there only once the bench has installed it.
const name: string = "nact";
const { start, spawn, dispatch }: Nact = await import(name);

/** nact's actors live in one process; its messages are neither checked nor copied. */
await serveSide({
  tells: ({ quick }: SideConfig) => {
    const arrivals = new Arrivals();
    const actor = spawn(start(), (n = 0) => {
      arrivals.one();
      return n + 1;
    });
    const total = quick ? 10_000 : 200_000;
    return {
      round: async () => {
        const perSecond = await tellMany(
          total,
          (i) => dispatch(actor, { type: "add", i }),
          () => arrivals.expect(total),
        );
        return { perSecond };
      },
    };
  },
  idle: () => ({
    round: async (size) => {
      const count = Number(size);
      const system = start();
      const arrivals = new Arrivals();
      const receive = (n = 0): number => {
        arrivals.one();
        return n + 1;
      };
      const before = heldBytes();
      const began = performance.now();
      const actors: object[] = [];
      // Named by us: its own names are random, and collide at 100,000.
      for (let i = 0; i < count; i++) actors.push(spawn(system, receive, `actor${i}`));
      const createMs = performance.now() - began;
      const bytesEach = (heldBytes() - before) / count;
      const all = arrivals.expect(count);
      const told = performance.now();
      for (const actor of actors) dispatch(actor, { type: "add", i: 1 });
      await all;
      return { createMs, bytesEach, tellMs: performance.now() - told };
    },
  }),
});
