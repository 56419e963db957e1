import { seededRandom } from "../../support/simulated-env.ts";

export interface FaultRow {
  readonly says: string;
  /** How long it lasts, in milliseconds. */
  readonly lastsMs: readonly [least: number, most: number];
  readonly needs?: "cluster" | "namespaces" | "packet loss";
}

/** What can be done to a system while it works. */
export const faultTable = {
  kill: { says: "a node is killed; it is started again after a while", lastsMs: [200, 4_000] },
  pause: { says: "a node stands still, for less or more than its lease, and goes on", lastsMs: [500, 7_000] },
  leave: { says: "a node is asked to end in order, and is started again", lastsMs: [200, 2_000] },
  server: { says: "the nats-server is killed, and started again over its store", lastsMs: [0, 2_000] },
  leader: {
    says: "the leader of a stream is killed, and comes back",
    lastsMs: [1_000, 8_000],
    needs: "cluster",
  },
  lostAck: { says: "acknowledgements of what was stored do not arrive", lastsMs: [500, 3_000] },
  doubled: { says: "what is published, delivered or acknowledged arrives again", lastsMs: [500, 3_000] },
  reset: { says: "connections are reset in the midst of a frame", lastsMs: [500, 2_000] },
  stall: { says: "bytes stop on a connection, one way or both, and nobody is told", lastsMs: [500, 8_000] },
  slow: { says: "all that is sent and delivered comes later, by up to 0.4 s", lastsMs: [1_000, 5_000] },
  clock: { says: "the wall clock of a node jumps, and jumps back", lastsMs: [1_000, 6_000] },
  partition: { says: "a node's link goes down", lastsMs: [500, 8_000], needs: "namespaces" },
  loss: {
    says: "of the packets to a node and from it some are lost, up to a third",
    lastsMs: [1_000, 8_000],
    needs: "packet loss",
  },
} as const satisfies Record<string, FaultRow>;

export type FaultKind = keyof typeof faultTable;
export const faultKinds = Object.keys(faultTable) as FaultKind[];

export interface PlannedFault {
  /** 1, 2, … */
  readonly number: number;
  readonly kind: FaultKind;
  /** From the beginning of the fault before, in milliseconds; that one may still last. */
  readonly gapMs: number;
  readonly lastsMs: number;
  /** 0 <= x < 1: whom it strikes, of those there are then; and how. */
  readonly victim: number;
  readonly manner: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** Between two faults, in milliseconds. */
  readonly gapMs: readonly [least: number, most: number];
}

/** Faults without end. The same seed and kinds give the same: every kind comes once in each round, in another order. */
export function* faultPlan({ seed, kinds, gapMs }: PlanOptions): Generator<PlannedFault, void> {
  const random = seededRandom(seed);
  const between = ([least, most]: readonly [number, number]): number =>
    Math.round(least + random() * (most - least));
  for (let number = 1; kinds.length > 0; ) {
    for (const kind of shuffled(kinds, random)) {
      const { lastsMs } = faultTable[kind];
      yield {
        number: number++,
        kind,
        gapMs: between(gapMs),
        lastsMs: between(lastsMs),
        victim: random(),
        manner: random(),
      };
    }
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

/** One of those there are. */
export function chosen<T>(from: readonly T[], chance: number): T | undefined {
  return from[Math.floor(chance * from.length)];
}
