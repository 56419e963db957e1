import { type ActorRef, type ActorSystem, createSystem } from "coxswain";
import { connect } from "nats";
import { text200 } from "../kit/loops.ts";
import { type Figures, type SideConfig, serveSide } from "../kit/serve-side.ts";
import { tally, tallyActor } from "./durable-tally.ts";

/** A new system each round; all its processes have one parent, and the measuring one is the last. */
const nameOf = (firstPid: number): string => `lives${firstPid}`;
const agentsMax = 3_000;
const away = 1_000;
const napAfterMs = 500;

type Ref = ActorRef<typeof tally>;

await serveSide({
  node: async ({ url, index, pids }: SideConfig) => {
    const system = await createSystem({
      name: nameOf(pids.others[0] ?? process.pid),
      node: `node${index}`,
      servers: url,
      actors: {
        tally: tallyActor("durable"),
        napper: tallyActor({ passivateAfterMs: napAfterMs }),
      },
    });
    process.on("SIGTERM", () => void system.drain());
    return { close: async () => void (await system.drain()) };
  },
  near: async ({ url, pids, quick }: SideConfig) => {
    const name = nameOf(pids.others[0] ?? 0);
    const system = await createSystem({ name, node: "near", servers: url });
    return {
      round: async (round): Promise<Figures> => {
        const count = quick ? agentsMax / 10 : agentsMax;
        if (round === "activation") return activation(system, url, count);
        const placed = await spread(system, count, pids.others);
        return round === "failover" ? failover(placed) : drain(placed);
      },
      close: async () => void (await system.drain()),
    };
  },
});

interface Placed {
  /** On the node that has more of them, so many. */
  readonly owned: readonly Ref[];
  readonly owner: number;
  readonly other: number;
}

/** Agents in memory on both nodes, once nothing moves any more: shards do when a node joins. */
async function spread(system: ActorSystem, count: number, pids: readonly number[]): Promise<Placed> {
  const refs = Array.from({ length: count }, (_, i) => system.ref(`tally.a${i}`, tally));
  for (;;) {
    const where = await Promise.all(refs.map(read));
    const on = pids.map((pid) => ({ pid, refs: refs.filter((_, i) => where[i] === pid) }));
    const [more, less] = on.sort((a, b) => b.refs.length - a.refs.length);
    if (more !== undefined && less !== undefined && less.refs.length > 0) {
      const again = await Promise.all(refs.map(read));
      if (again.every((pid, i) => pid === where[i]))
        return { owned: more.refs.slice(0, away), owner: more.pid, other: less.pid };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function read(ref: Ref): Promise<number> {
  return (await ref.ask({ type: "read" }, { withinMs: 60_000 })).pid;
}

/** From the kill until the first of its agents has answered, and until all have. */
async function failover({ owned, owner, other }: Placed): Promise<Figures> {
  process.kill(owner, "SIGKILL");
  const took = await answered(owned, other);
  return { firstMs: Math.min(...took), allMs: Math.max(...took) };
}

/** The node hands its shards over and ends its part; from the signal until another one has answered for all. */
async function drain({ owned, owner, other }: Placed): Promise<Figures> {
  process.kill(owner, "SIGTERM");
  const took = await answered(owned, other);
  return { allMs: Math.max(...took) };
}

/** How long it takes until each has answered from the process. */
function answered(refs: readonly Ref[], pid: number): Promise<number[]> {
  const began = performance.now();
  const one = async (ref: Ref): Promise<number> => {
    while ((await read(ref)) !== pid);
    return performance.now() - began;
  };
  return Promise.all(refs.map(one));
}

/** Agents that nobody has written to for a moment are out of memory; each is asked once. */
async function activation(system: ActorSystem, url: string, count: number): Promise<Figures> {
  const refs = Array.from({ length: count }, (_, i) => system.ref(`napper.a${i}`, tally));
  const nc = await connect({ servers: url });
  let activated = 0;
  nc.subscribe(`cx.${system.name}.ev.napper.*.activated`, { callback: () => void activated++ });
  await Promise.all(refs.map((ref) => ref.ask({ type: "ask", by: 1, note: text200 }, { withinMs: 60_000 })));
  // They are tidied first, and it is their last word that leaves them idle.
  await new Promise((resolve) => setTimeout(resolve, 3 * napAfterMs + 1_000));
  const jsm = await nc.jetstreamManager();
  const { data } = await jsm.streams.getMessage(`KV_cx_${system.name}_agents`, {
    last_by_subj: `$KV.cx_${system.name}_agents.*.napper.a0`,
  });
  await nc.flush();
  activated = 0;
  const began = performance.now();
  await Promise.all(refs.map((ref) => ref.ask({ type: "ask", by: 1, note: text200 }, { withinMs: 60_000 })));
  const ms = performance.now() - began;
  await nc.flush();
  if (activated !== count) throw new Error(`Expected ${count} to come into memory, ${activated} did`);
  await nc.close();
  return { perSecond: (count / ms) * 1_000, recordBytes: data.length };
}
