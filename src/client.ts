import { actorAddress, decodeValue, nameToken, type Protocol, systemName } from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import type { Audit } from "./audit/index.ts";
import { DeadLetters, deadLetterStream } from "./dead-letters.ts";
import { type AgentHistory, openHistory } from "./durable/history/index.ts";
import { type DurableStore, openDurableStore } from "./durable/inspection/index.ts";
import { realEnv } from "./env/env.ts";
import { Node, type Report } from "./node.ts";
import { ActorRef } from "./ref.ts";
import type { NodeRecord } from "./registry.ts";
import { connectNats, type NatsOptions } from "./transport/nats.ts";
import { valueOrThrow } from "./transport/outcomes.ts";
import type { Bucket, Transport } from "./transport/transport.ts";

export interface ClientOptions extends NatsOptions {
  /** The system's name. */
  readonly system: string;
  /** The trust zone it sends from; default "main". */
  readonly zone?: string;
  readonly onReport: (report: Report) => void;
}

/**
 * Speaks with a system without being a part of it: it asks, listens and reads, but hosts no actor, holds
 * no name, and no node sees it come or go. For the command line and dashboards.
 */
export class SystemClient implements AsyncDisposable {
  readonly system: string;
  readonly transport: Transport;
  readonly deadLetters: DeadLetters;
  readonly #node: Node;
  readonly #bucket: Bucket;

  constructor(node: Node, bucket: Bucket) {
    this.system = node.system;
    this.transport = node.transport;
    this.deadLetters = node.deadLetters;
    this.#node = node;
    this.#bucket = bucket;
  }

  /** Messages of ours that reached nobody and became dead letters. */
  get unreachedCount(): number {
    return this.#node.counts.dead;
  }

  /** The nodes that are registered, also those whose lease may have run out. */
  async nodes(): Promise<readonly NodeRecord[]> {
    const entries = valueOrThrow(await this.#bucket.entries());
    return entries.flatMap(({ key, value }) =>
      key.startsWith("node.") && value !== undefined ? [decodeValue(value) as NodeRecord] : [],
    );
  }

  get audit(): Audit {
    return this.#node.audit;
  }

  /** What the system's durable agents are kept in, as it is now; undefined where there never was a durable type. @throws STORE_FAILED */
  durableStore(): Promise<DurableStore | undefined> {
    return openDurableStore(this.transport.store, this.system);
  }

  /** As of a node, with no definition of its own. @throws ADDRESS_UNKNOWN where the type keeps no history, STORE_FAILED */
  history(address: string, definition?: ActorDefinition): Promise<AgentHistory> {
    const { system, env, zone, transport } = this.#node;
    return openHistory({ system, env, zone, store: transport.store }, address, definition);
  }

  ref<P extends Protocol>(address: string, protocol: P): ActorRef<P> {
    return new ActorRef(this.#node, protocol, actorAddress(address));
  }

  async close(): Promise<void> {
    this.#node.close();
    await this.transport.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to a system that exists. Make sure that it does: what is missing of its store is created.
 *
 * @throws OPTION_INVALID, SERVER_NOT_FOUND, SERVER_FAILED, PERMISSION_DENIED, STORE_FAILED
 */
export async function connectClient(options: ClientOptions): Promise<SystemClient> {
  const { system, zone = "main", onReport, ...connection } = options;
  const env = connection.env ?? realEnv;
  const name = systemName(system);
  const transport = await connectNats({ name: `${name}/client`, ...connection });
  try {
    const node = new Node({
      system: name,
      name: `client${process.pid}`,
      zone: nameToken("a zone", zone),
      incarnation: env.uniqueId().slice(0, 12),
      env,
      transport,
      facts: { changed: false },
      telemetry: undefined,
      catalogue: new Map(),
      onReport,
    });
    const letters = deadLetterStream(name);
    const [bucket, stream] = await Promise.all([
      transport.store.bucket(`cx_${name}`),
      transport.store.stream(letters.name, letters.options),
    ]);
    node.deadLetters = new DeadLetters(node, valueOrThrow(stream));
    node.open();
    return new SystemClient(node, valueOrThrow(bucket));
  } catch (error) {
    await transport.close();
    throw error;
  }
}
