import type { RandomStream } from "./random.ts";

interface At {
  /** Milliseconds since the simulation began. */
  readonly atMs: number;
}

/** Something that goes wrong, as data: a list of them and a seed are one history. */
export type Fault =
  /** Nothing gets through between a node and the server, or in one direction. TCP holds it; the client gives up after its `livenessMs`. */
  | (At & {
      readonly kind: "partition";
      readonly node: string;
      readonly forMs: number;
      readonly direction?: "both" | "up" | "down";
    })
  /** The node's connection breaks, with what is on it. */
  | (At & { readonly kind: "reset"; readonly node: string })
  /** Everything to and from a node takes longer. */
  | (At & { readonly kind: "slow"; readonly node: string; readonly forMs: number; readonly byMs: number })
  /** The process stands still, as by SIGSTOP or a long garbage collection. */
  | (At & { readonly kind: "pause"; readonly node: string; readonly forMs: number })
  /**
   * The process dies `steps` events later, and is started anew. `silent`: its machine goes down with it, so that the
   * server is told nothing.
   */
  | (At & {
      readonly kind: "kill";
      readonly node: string;
      readonly steps: number;
      readonly silent: boolean;
      readonly restartAfterMs: number;
    })
  /** The node's wall clock is set. */
  | (At & { readonly kind: "clockJump"; readonly node: string; readonly byMs: number })
  /** The server ends and starts again; what it had acknowledged is there. */
  | (At & { readonly kind: "serverRestart"; readonly forMs: number })
  /** As `serverRestart`; each bucket and stream has lost another part of what was written to it in the last `lostMs`, or is gone if it is as new. */
  | (At & { readonly kind: "powerCut"; readonly forMs: number; readonly lostMs: number })
  /** JetStream has no leader: half of what is asked of the store is dropped, half is done late. Core subjects go on. */
  | (At & { readonly kind: "storeGap"; readonly forMs: number })
  /**
   * What is asked of the store has an unknown outcome: half of those are done, half are not; of what is appended to queues some
   * answers come late. What queues deliver, and what is acknowledged to them, is lost with the same probability.
   */
  | (At & { readonly kind: "storeLoss"; readonly forMs: number; readonly probability: number })
  /** What no NATS does: messages, and entries of queues, on a living connection are dropped, doubled, and overtake each other. */
  | (At & {
      readonly kind: "hostile";
      readonly node: string;
      readonly forMs: number;
      readonly drop: number;
      readonly duplicate: number;
      readonly reorder: number;
    });

export type FaultKind = Fault["kind"];

/** How many of each kind there may be. A seed draws which kinds it has, and how many. */
export interface FaultMix {
  readonly most: Partial<Readonly<Record<FaultKind, number>>>;
  /** How long a fault lasts at most, in milliseconds; most are much shorter. Default 10,000. */
  readonly longestMs?: number;
}

/** Draws a list of faults, each over by `untilMs`. */
export function drawFaults(
  { most, longestMs = 10_000 }: FaultMix,
  random: RandomStream,
  nodes: readonly string[],
  untilMs: number,
): readonly Fault[] {
  const faults: Fault[] = [];
  for (const [kind, countMax] of Object.entries(most) as [FaultKind, number][]) {
    // Each kind has its own stream: another kind more changes nothing here.
    const own = random.fork(kind);
    if (countMax < 1 || !own.chance(0.6)) continue;
    for (let n = own.whole(1, countMax); n > 0; n--)
      faults.push(drawFault(kind, own, nodes, untilMs, longestMs));
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}

function drawFault(
  kind: FaultKind,
  random: RandomStream,
  nodes: readonly string[],
  untilMs: number,
  longestMs: number,
): Fault {
  // Short ones are as likely as long ones: from 20 ms on, evenly over the powers.
  const forMs = Math.round(20 * (longestMs / 20) ** random.next());
  const atMs = Math.round(random.between(0, Math.max(1, untilMs - forMs)) * 10) / 10;
  const node = random.pick(nodes);
  switch (kind) {
    case "partition":
      return { kind, atMs, forMs, node, direction: random.pick(["both", "both", "up", "down"] as const) };
    case "reset":
      return { kind, atMs, node };
    case "slow":
      return { kind, atMs, forMs, node, byMs: random.whole(5, 300) };
    case "pause":
      return { kind, atMs, forMs, node };
    case "kill":
      return {
        kind,
        atMs,
        node,
        steps: random.whole(0, 40),
        silent: random.chance(0.3),
        restartAfterMs: forMs,
      };
    case "clockJump":
      return { kind, atMs, node, byMs: random.whole(-3_600_000, 3_600_000) };
    case "serverRestart":
    case "storeGap":
      return { kind, atMs, forMs };
    case "powerCut":
      return { kind, atMs, forMs, lostMs: random.whole(1, 1_000) };
    case "storeLoss":
      return { kind, atMs, forMs, probability: random.between(0.05, 0.6) };
    case "hostile": {
      const [drop, duplicate, reorder] = [
        random.between(0, 0.1),
        random.between(0, 0.1),
        random.between(0, 0.1),
      ];
      return { kind, atMs, forMs, node, drop, duplicate, reorder };
    }
  }
}

/** One fault as a sentence. */
export function describeFault(fault: Fault): string {
  const { kind, atMs, ...rest } = fault;
  const what = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return `at ${atMs} ms: ${[kind, ...what].join(", ")}`;
}
