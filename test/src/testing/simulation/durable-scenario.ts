import { assign, setup } from "xstate";
import { z } from "zod";
import { reply, tell } from "../../../../machines/index.ts";
import { type ActorAddress, defineProtocol, type MessageOf, question } from "../../../../protocols/index.ts";
import { type ActorSystem, createSystem, defineActor } from "../../../../src/index.ts";
import type { Scenario, World } from "../../../../src/testing/simulation/index.ts";

const put = { from: z.string(), n: z.number() };
const book = defineProtocol({
  name: "book",
  accepts: {
    note: z.object({ ...put, to: z.string() }),
    copy: z.object(put),
    read: question(
      z.object({}),
      z.object({ notes: z.array(z.string()), copies: z.array(z.string()), rings: z.number() }),
    ),
  },
});

interface Book {
  readonly notes: readonly string[];
  readonly copies: readonly string[];
  readonly rings: number;
}

/** Notes what it is told, copies each note to another book, and rings once for each, two seconds later. */
const machine = setup({
  types: { context: {} as Book, events: {} as MessageOf<typeof book> | { readonly type: "ring" } },
}).createMachine({
  id: "book",
  context: { notes: [], copies: [], rings: 0 },
  on: {
    note: {
      actions: [
        assign({ notes: ({ context, event }) => [...context.notes, `${event.from} ${event.n}`] }),
        tell(
          book,
          ({ event }) => event.to as ActorAddress,
          ({ event: { from, n } }) => ({ type: "copy", from, n }),
        ),
      ],
    },
    copy: {
      actions: assign({ copies: ({ context, event }) => [...context.copies, `${event.from} ${event.n}`] }),
    },
    read: {
      actions: reply(({ context }) => ({
        ...context,
        notes: [...context.notes],
        copies: [...context.copies],
      })),
    },
  },
});
const actors = { book: defineActor({ protocol: book, machine, durability: { passivateAfterMs: 2_000 } }) };
/** Longer than any clock is set wrong by: a deadline is read on another machine. */
const withinMs = 100_000_000;
const keys = ["k1", "k2", "k3"];

export interface DurableCounts {
  delivered: number;
  unknown: number;
}

/**
 * Books on three nodes, which whoever lives writes into, under whatever happens to nodes, lines and the store. What must
 * hold: each note whose sender was told that it is kept is there, none is there twice, those of one sender are in its
 * order, and each has been copied once.
 */
export function durableScenario({
  forMs,
  readAtMs,
  totals,
}: {
  readonly forMs: number;
  readonly readAtMs: number;
  readonly totals?: DurableCounts;
}): Scenario {
  const systems = new Map<string, ActorSystem>();
  /** By book: what its senders know to be kept. */
  const kept = new Map<string, string[]>(keys.map((key) => [key, []]));
  const found = new Map<string, Book>();
  const counts: DurableCounts = { delivered: 0, unknown: 0 };
  let lives = 0;
  const sent = new Map<string, number>();
  const senders = new Map<string, string>();

  const write = (world: World): void => {
    const node = world.random.pick(world.nodes);
    const system = systems.get(node.name);
    if (system === undefined || node.process.paused) return;
    const key = world.random.pick(keys);
    const from = `${senders.get(node.name)}-${key}`;
    const n = (sent.get(from) ?? 0) + 1;
    sent.set(from, n);
    const to = `book.${keys[(keys.indexOf(key) + 1) % keys.length]}`;
    const told = system.ref(`book.${key}`, book).deliver({ type: "note", from, n, to });
    told.then(
      () => {
        counts.delivered++;
        kept.get(key)?.push(`${from} ${n}`);
      },
      () => void counts.unknown++,
    );
  };

  const read = (world: World, key: string): void => {
    const [system] = systems.values();
    const asked = system?.ref(`book.${key}`, book).ask({ type: "read" }, { withinMs });
    asked?.then(
      (seen) => found.set(key, seen),
      (error: unknown) => world.note(`book.${key} was not read: ${String(error)}`),
    );
  };

  return {
    boot: async (node) => {
      systems.delete(node.name);
      const transport = await node.connect();
      const options = {
        name: "sim",
        node: node.name,
        transport,
        env: node.env,
        leaseMs: 3_000,
        shards: 4,
        actors,
      };
      const system = await createSystem({ ...options, onReport: () => {} });
      systems.set(node.name, system);
      senders.set(node.name, `life${++lives}`);
    },
    drive: (world) => {
      world.onDeath((node) => systems.delete(node.name));
      world.every(100, forMs, () => write(world));
      for (const key of keys) world.after(readAtMs, () => read(world, key));
    },
    check: (world) => {
      if (totals !== undefined) {
        totals.delivered += counts.delivered;
        totals.unknown += counts.unknown;
      }
      for (const key of keys) {
        const seen = found.get(key);
        if (seen === undefined) return world.fail("a book can be read when all is well again", key);
        const missing = kept.get(key)?.filter((note) => !seen.notes.includes(note)) ?? [];
        if (missing.length > 0) world.fail("what is kept is worked on", `${key}: ${missing.slice(0, 5)}`);
        if (new Set(seen.notes).size !== seen.notes.length) world.fail("nothing is worked on twice", key);
        if (!isInOrder(seen.notes))
          world.fail("the notes of one sender are in its order", `${key}: ${seen.notes}`);
        const next = keys[(keys.indexOf(key) + 1) % keys.length] as string;
        const copies = found.get(next)?.copies ?? [];
        if (copies.join() !== seen.notes.join())
          world.fail("each note is copied once, in order", `${key} to ${next}`);
      }
    },
  };
}

function isInOrder(notes: readonly string[]): boolean {
  const last = new Map<string, number>();
  return notes.every((note) => {
    const [from = "", n] = note.split(" ");
    const before = last.get(from) ?? 0;
    last.set(from, Number(n));
    return Number(n) > before;
  });
}
