import { createSystem } from "coxswain";
import { loadOf, sendAll, withCosts } from "../kit/durable.ts";
import { askMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { tally, tallyActor } from "./durable-tally.ts";

const name = "durable";

await serveSide({
  far: async ({ url }: SideConfig) => {
    const system = await createSystem({
      name,
      node: "far",
      servers: url,
      actors: { tally: tallyActor("durable") },
    });
    return { close: async () => void (await system.drain()) };
  },
  near: async (config: SideConfig) => {
    const { url } = config;
    const system = await createSystem({ name, node: "near", servers: url });
    const refs = Array.from({ length: 1_000 }, (_, i) => system.ref(`tally.a${i}`, tally));
    const refOf = (agent: number): (typeof refs)[number] => refs[agent] as (typeof refs)[number];
    const read = async (agents: number): Promise<number> => {
      const asked = refs.slice(0, agents).map((ref) => ref.ask({ type: "read" }, { withinMs: 60_000 }));
      return (await Promise.all(asked)).reduce((sum, { count }) => sum + count, 0);
    };
    return {
      round: async (round) => {
        const load = loadOf(round, config);
        const { agents, messages, outstanding } = load;
        const before = await read(agents);
        const check = (after: number): void => {
          if (after !== before + messages)
            throw new Error(`Expected ${messages} more, got ${after - before}`);
        };
        if (round.startsWith("asked")) {
          let next = 0;
          const ask = (): Promise<unknown> =>
            refOf(next++ % agents).ask({ type: "ask", by: 1, note: text200 }, { withinMs: 60_000 });
          const figures = await withCosts(load, config, () => askMany(ask, messages, outstanding));
          check(await read(agents));
          return figures;
        }
        return withCosts(load, config, async () => {
          await sendAll(load, (agent) => refOf(agent).deliver({ type: "add", by: 1, note: text200 }));
          check(await read(agents));
          return undefined;
        });
      },
      close: async () => void (await system.drain()),
    };
  },
});
