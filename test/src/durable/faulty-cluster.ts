import { actorAddress, boxPattern, boxSubject } from "../../../protocols/index.ts";
import type { AgentRecord } from "../../../src/durable/agent-record.ts";
import { shardName, shardNumber } from "../../../src/durable/placement/shard-names.ts";
import { decodeRecord } from "../../../src/durable/record-codec.ts";
import type { ActorDefinition } from "../../../src/index.ts";
import { valueOrThrow } from "../../../src/transport/outcomes.ts";
import type { Bucket, Store, Stream } from "../../../src/transport/transport.ts";
import { type DurableCluster, type DurableNode, durableCluster } from "./durable-cluster.ts";
import { type Fate, FaultyWire, type Step } from "./faulty-wire.ts";

export interface FaultyNode extends DurableNode {
  readonly alive: boolean;
  /** Stands still for so long, in milliseconds; what comes for it meanwhile waits, and comes first then. */
  freeze(forMs: number): void;
  /** What comes for it waits, until it hears again. */
  deafen(): void;
  hear(): void;
}

export interface FaultyCluster extends DurableCluster {
  /**
   * A node whose steps end as they are told to, from when it has joined; where nothing is said, well.
   *
   * @param actorsOf is told whether the process lives, for what it does to the world outside
   */
  joinFaulty(
    node: string,
    fateOf: (step: Step) => Fate | undefined,
    actorsOf: (alive: () => boolean) => Readonly<Record<string, ActorDefinition>>,
    options?: Parameters<DurableCluster["join"]>[2],
  ): Promise<FaultyNode>;
  /** Asks again until it is answered: an answer on its way may be lost with its node. */
  asked<T>(ask: () => Promise<T>): Promise<T>;
  /** The store behind all faults; once a node has joined. */
  records(): Promise<Bucket>;
  inboxes(): Promise<Stream>;
  /** Of an agent's record. */
  keyOf(address: string): string;
  /** The agent's record; of one that has none, `undefined`. */
  recordOf(address: string): Promise<AgentRecord | undefined>;
  /** Puts bytes into an inbox, as whoever may write there can. */
  inject(address: string, payload: Uint8Array): Promise<void>;
  /** Entries in all inboxes. */
  inboxCount(): Promise<number>;
}

/** How long a node stands still that a step froze: five leases. */
const frozenMs = 3_000;
/** Longer than a lease. */
const lateMs = 1_000;
const triesMax = 30;

/** Nodes in virtual time, of which some have faults at steps of their choice. */
export function faultyCluster(): FaultyCluster {
  const wires = new Map<string, FaultyWire>();
  const plans = new Map<string, (step: Step) => Fate | undefined>();
  const acts = new Map<string, { die(): void; freeze(): void }>();
  let store: Store | undefined;
  const cluster = durableCluster({
    wrap: (transport, name) => {
      store ??= transport.store;
      const fateOf = plans.get(name);
      if (fateOf === undefined) return transport;
      const wire = new FaultyWire(transport, {
        fateOf: (step) => (acts.has(name) ? (fateOf(step) ?? "ok") : "ok"),
        die: () => acts.get(name)?.die(),
        freeze: () => acts.get(name)?.freeze(),
        later: (run) => void cluster.env.setTimer(lateMs, run),
      });
      wires.set(name, wire);
      return wire.transport;
    },
  });
  const joinFaulty: FaultyCluster["joinFaulty"] = async (name, fateOf, actorsOf, options) => {
    let alive = true;
    plans.set(name, fateOf);
    const node = await cluster.join(
      name,
      actorsOf(() => alive),
      options,
    );
    const wire = wires.get(name) as FaultyWire;
    const kill = (): void => {
      alive = false;
      node.kill();
    };
    let forMs = frozenMs;
    acts.set(name, {
      die: kill,
      freeze: () => {
        node.pause();
        cluster.env.setTimer(forMs, () => {
          if (alive) wire.thaw(node.resume);
        });
      },
    });
    return {
      system: node.system,
      pause: node.pause,
      resume: node.resume,
      kill,
      get alive() {
        return alive;
      },
      freeze: (ms) => {
        forMs = ms;
        wire.freeze();
      },
      deafen: () => wire.deafen(),
      hear: () => wire.hear(),
    };
  };
  const records = async (): Promise<Bucket> => valueOrThrow(await (store as Store).bucket("cx_test_agents"));
  const inboxes = async (): Promise<Stream> => {
    const subjects = [boxPattern("test", "*")];
    // Its limits are those of whoever opened it first.
    const options = { kind: "queue", subjects, messagesMax: 1, bytesMax: 1 } as const;
    return valueOrThrow(await (store as Store).stream("cx_test_box", options));
  };
  return {
    ...cluster,
    joinFaulty,
    asked: async (ask) => {
      for (let tries = 0; ; tries++) {
        const answer = ask().then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        const answered = await cluster.settled(answer);
        if ("value" in answered) return answered.value;
        if (tries === triesMax) throw answered.error;
        await cluster.pass(500);
      }
    },
    records,
    inboxes,
    keyOf,
    recordOf: async (address) => {
      const found = valueOrThrow(await (await records()).get(keyOf(address)));
      return found?.value === undefined ? undefined : decodeRecord(found.value).record;
    },
    inject: async (address, payload) => {
      const subject = boxSubject("test", shardOf(address), "main", actorAddress(address));
      valueOrThrow(await (await inboxes()).append(subject, payload));
    },
    inboxCount: async () => valueOrThrow(await (await inboxes()).count()),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** Of a system with as many shards as by default. */
function shardOf(address: string): string {
  return shardName("main", shardNumber(address, 16));
}

function keyOf(address: string): string {
  return `${shardOf(address)}.${address}`;
}
