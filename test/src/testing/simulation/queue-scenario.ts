import type { Scenario, SimulatedNode, World } from "../../../../src/testing/simulation/index.ts";
import type { QueueEntry, Stream, Transport } from "../../../../src/transport/transport.ts";

const shards = ["0", "1", "2"];
const options = {
  subjects: ["box.>"],
  kind: "queue",
  messagesMax: 10_000,
  bytesMax: 10_000_000,
  subjectMessagesMax: 200,
} as const;
const ackWaitMs = 2_000;
/** What a power cut takes at most. */
const forgottenMs = 1_000;
/** Longer than any acknowledgement is on its way. */
const awhileMs = 50;
/** After so long all faults are over, and the processes that died are back. */
const settledMs = 13_000;

export interface QueueCounts {
  acknowledged: number;
  unknown: number;
  delivered: number;
  again: number;
  /** Delivered though it was acknowledged a while before. */
  acknowledgedAgain: number;
  /** Of those that were acknowledged a while before the power was cut. */
  forgottenAgain: number;
  takenOver: number;
}

export const noCounts = (): QueueCounts => ({
  ...{
    acknowledged: 0,
    unknown: 0,
    delivered: 0,
    again: 0,
    acknowledgedAgain: 0,
    forgottenAgain: 0,
    takenOver: 0,
  },
});

interface Part {
  readonly node: SimulatedNode;
  readonly transport: Transport;
  stream: Stream;
}

/**
 * Everybody appends to three shards of a queue, each shard is taken by one and then another, and who has an entry handles it,
 * takes his time, and acknowledges it. What the store has acknowledged is handled by somebody, unless the store has forgotten it;
 * nothing is handled that was not sent; and in the end nothing is left.
 *
 * @param steady nobody takes a shard from another before the end
 */
export function queueScenario({
  forMs,
  steady = false,
  totals = noCounts(),
}: {
  readonly forMs: number;
  readonly steady?: boolean;
  readonly totals?: QueueCounts;
}): Scenario {
  const parts = new Map<string, Part>();
  const sent = new Set<string>();
  const acknowledgedAtMs = new Map<string, number>();
  const seen = new Set<string>();
  const handled = new Set<string>();
  /** When they were acknowledged. */
  const taken = new Map<string, number>();
  let count = 0;
  let left: number | undefined;

  const open = async (transport: Transport, { env }: SimulatedNode): Promise<Stream> => {
    for (;;) {
      const opened = await transport.store.stream("box", options);
      if (opened.kind === "ok") return opened.value;
      await new Promise<void>((resolve) => env.setTimer(500, resolve));
    }
  };
  const send = async (world: World, { stream }: Part, text: string, shard: string): Promise<void> => {
    sent.add(text);
    const stored = await stream.append(`box.${shard}`, new TextEncoder().encode(text));
    if (stored.kind === "ok") acknowledgedAtMs.set(text, world.nowMs);
    if (stored.kind === "ok") totals.acknowledged += 1;
    if (stored.kind === "unknown") totals.unknown += 1;
  };
  const handle = (world: World, part: Part, entry: QueueEntry): void => {
    const text = new TextDecoder().decode(entry.payload);
    if (!sent.has(text)) world.fail("nothing comes that was not sent", text);
    totals.delivered += 1;
    if (seen.has(text)) totals.again += 1;
    seen.add(text);
    const takenAtMs = taken.get(text) ?? Number.POSITIVE_INFINITY;
    if (takenAtMs < world.nowMs - awhileMs) totals.acknowledgedAgain += 1;
    if (takenAtMs < (world.forgotAtMs.at(-1) ?? 0) - awhileMs) totals.forgottenAgain += 1;
    part.node.env.setTimer(world.random.between(0, 1_500), () => {
      handled.add(text);
      if (world.nowMs < forMs && world.random.chance(0.1)) return;
      if (!taken.has(text)) taken.set(text, world.nowMs);
      entry.acknowledge();
    });
  };
  const take = async (world: World, part: Part, shard: string): Promise<void> => {
    const wanted = { name: `shard-${shard}`, subject: `box.${shard}`, ackWaitMs, unacknowledgedMax: 20 };
    const consumption = await part.stream.consume(wanted, (entry) => handle(world, part, entry));
    if (consumption.kind !== "ok") return;
    const how = await consumption.value.ended;
    if (how === "taken" && world.nowMs < forMs + settledMs) totals.takenOver += 1;
  };

  return {
    boot: async (node, world) => {
      parts.delete(node.name);
      const transport = await node.connect();
      const part: Part = { node, transport, stream: await open(transport, node) };
      parts.set(node.name, part);
      transport.onEvent((event) => {
        // A queue that is gone is opened again.
        if (event.type === "connected") void open(transport, node).then((stream) => (part.stream = stream));
      });
      void take(world, part, shards[world.nodes.indexOf(node) % shards.length] as string);
    },
    drive: (world) => {
      world.onDeath((node) => parts.delete(node.name));
      const living = (): Part | undefined => {
        const part = parts.get(world.random.pick(world.nodes).name);
        return part?.node.process.paused === true ? undefined : part;
      };
      world.every(40, forMs, () => {
        const [part, shard, text] = [living(), world.random.pick(shards), String(count++)];
        if (part !== undefined) void send(world, part, text, shard);
      });
      world.every(4_000, forMs, () => {
        const [part, shard] = [living(), world.random.pick(shards)];
        if (part !== undefined && !steady) void take(world, part, shard);
      });
      const [first] = world.nodes as readonly [SimulatedNode];
      world.after(forMs + settledMs, () => {
        const part = parts.get(first.name);
        for (const shard of shards) if (part !== undefined) void take(world, part, shard);
      });
      world.after(forMs + 24_000, async () => {
        const counted = await parts.get(first.name)?.stream.count();
        if (counted?.kind === "ok") left = counted.value;
      });
    },
    check: (world) => {
      if (left !== 0) world.fail("in the end the queue is empty", `${left} entries are left`);
      for (const [text, atMs] of acknowledgedAtMs) {
        if (handled.has(text)) continue;
        const isForgotten = world.forgotAtMs.some((cutMs) => atMs >= cutMs - forgottenMs && atMs <= cutMs);
        if (!isForgotten) world.fail("what the store has acknowledged is handled", `${text}, at ${atMs} ms`);
      }
    },
  };
}
