import { durability } from "../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  type CoxswainError,
  decodeEnvelope,
  type Envelope,
  encodeValue,
} from "../../protocols/index.ts";
import type { Node } from "../node.ts";
import type { ServerFlushes } from "../server/index.ts";
import { valueOrThrow } from "../transport/outcomes.ts";
import type { Bucket, Outcome, Stream, Subscription } from "../transport/transport.ts";
import type { Agent } from "./agent.ts";
import type { AgentHost } from "./agent-host.ts";
import { AgentLoader } from "./agent-loader.ts";
import type { DurableDefinition } from "./durability.ts";
import { type HistoryLog, historyKey, historyLog, historyStream } from "./history/history-stream.ts";
import { LazyStream } from "./lazy-stream.ts";
import type { Announcement } from "./placement/announcement.ts";
import { Directory } from "./placement/directory.ts";
import { type Drained, Shards } from "./placement/shards.ts";
import { openGateway } from "./posting/gateway.ts";
import type { PostingHost } from "./posting/host.ts";
import { OutboxPublisher } from "./posting/outbox-publisher.ts";
import { type DurableInboxes, type PostedFor, Posts } from "./posting/posts.ts";
import { ReadyAgents } from "./ready-agents.ts";
import { RecordTrouble } from "./record-trouble.ts";
import { ShardAgents, type ShardHost } from "./shard-agents.ts";
import { stateLevel } from "./state-level.ts";
import { SteadyClock } from "./steady-clock.ts";
import { boxStream, hostsBucket, recordsBucket, roomFor } from "./stores.ts";

export interface DurableOptions {
  /** Of the lease of this node, in milliseconds. */
  readonly leaseMs: number;
  /** What this node has that types may need. */
  readonly labels: readonly string[];
  /** Shards of each group; only where the system is founded. */
  readonly shards: number | undefined;
  /** Messages that may wait for one agent. */
  readonly waitingMax: number;
  /** What all inboxes may come to, in bytes. */
  readonly inboxesMaxBytes: number;
  /** As it is stated; nothing is done otherwise for it. */
  readonly serverFlushes: ServerFlushes | undefined;
  /** Agents in memory; beyond it those that rest leave, the idlest first. */
  readonly activeMax: number;
  /** What their records may come to. */
  readonly activeMaxBytes: number;
}

/** In milliseconds: by then we have heard if another node holds the shard. */
const takeBackAfterMs = 1_000;

/** A node's part in the durable agents of its system: where they are, how to reach them, and those that live here. */
export class Durables implements DurableInboxes, ShardHost {
  readonly clock: SteadyClock;
  readonly directory: Directory;
  readonly #node: Node;
  readonly #options: DurableOptions;
  readonly #posts: Posts;
  readonly #posting: PostingHost;
  readonly #ready: ReadyAgents;
  readonly #trouble: RecordTrouble;
  readonly #definitions: ReadonlyMap<string, DurableDefinition>;
  readonly #loaders = new Map<string, AgentLoader>();
  /** Of the types with a history. */
  readonly #histories = new Map<string, Stream>();
  readonly #held = new Map<string, ShardAgents>();
  /** All inboxes; a system without durable agents has none. */
  readonly #box: LazyStream;
  #records: Bucket | undefined;
  #announcement: Announcement | undefined;
  #shards: Shards | undefined;
  readonly #unlisten: () => void;
  #writes = 0;
  readonly #gateways: Subscription[] = [];
  #suspects: Promise<void> = Promise.resolve();

  private constructor(node: Node, directory: Directory, options: DurableOptions) {
    this.#node = node;
    this.directory = directory;
    this.#options = options;
    this.clock = new SteadyClock(node.env);
    this.#ready = new ReadyAgents(node.env);
    this.#trouble = new RecordTrouble(node.env, (report) => node.report(report));
    this.#definitions = new Map([...node.catalogue].filter(isDurable));
    const box = boxStream(node.system, options.waitingMax, options.inboxesMaxBytes);
    this.#box = new LazyStream(async () => {
      const opened = await node.transport.store.stream(box.name, box.options);
      return roomFor(opened, "durableInboxesMaxBytes", box.options.bytesMax);
    });
    this.#posting = {
      env: node.env,
      system: node.system,
      zone: node.zone,
      stream: this.#box,
      limits: node.limits,
      shardOf: (to) => directory.shardOf(to),
      report: (report) => node.report(report),
    };
    this.#unlisten = node.transport.onEvent((event) => {
      if (event.type === "connected") directory.reconnected();
    });
    this.#posts = new Posts(this.#posting, node.incarnation);
  }

  /** Opens the directory: whoever sends needs it. @throws STORE_FAILED */
  static async open(node: Node, options: DurableOptions): Promise<Durables> {
    const { env, registry: members, system } = node;
    const hosts = hostsBucket(system);
    const bucket = valueOrThrow(await node.transport.store.bucket(hosts.name, hosts.options));
    const directory = await Directory.open({ env, bucket, members, report: (report) => node.report(report) });
    return new Durables(node, directory, options);
  }

  /** Hosts the durable types of the node's catalogue; once it is a member. @throws OPTION_INVALID, STORE_FAILED */
  async start(): Promise<void> {
    if (this.#definitions.size === 0) return;
    const { name, incarnation, system, transport } = this.#node;
    const { labels, shards, leaseMs } = this.#options;
    const named = recordsBucket(system);
    const [records] = await Promise.all([
      transport.store.bucket(named.name, named.options),
      this.#box.opened(),
    ]);
    this.#records = valueOrThrow(records);
    if ([...this.#definitions.values()].some(({ grant }) => grant !== undefined))
      await this.#node.grants.follow();
    const { bucket } = this.directory.parts;
    for (const [type, definition] of this.#definitions) {
      const loader = new AgentLoader(type, definition, bucket);
      this.#loaders.set(type, loader);
      await loader.announce();
      if (definition.durability.history) await this.#openHistory(type, definition);
      if (definition.role !== undefined)
        await this.#node.registry?.roster.enter(actorAddress(type), definition.role);
    }
    const types = Object.fromEntries(
      [...this.#definitions].map(
        ([
          type,
          {
            protocol,
            durability: { version, needs },
          },
        ]) => [type, { version, protocol: protocol.name, needs }],
      ),
    );
    this.#announcement = await this.directory.announce({ node: name, incarnation, labels, types, shards });
    this.#shards = new Shards(
      {
        env: this.#node.env,
        directory: this.directory,
        announcement: this.#announcement,
        mayHold: () => this.mayHold(),
        term: () => this.#node.registry?.tenure.term ?? 0,
        acquired: (shard) => this.#acquired(shard),
        releasing: (shard, withinMs) => this.#releasing(shard, withinMs),
        lost: (shard) => this.#lost(shard),
        report: (report) => this.#node.report(report),
      },
      { leaseMs },
    );
    this.#shards.start();
    for (const type of this.#definitions.keys()) this.#gateways.push(openGateway(this.#node, this, type));
    void stateLevel(this.#node, this.#options.serverFlushes);
  }

  async #openHistory(type: string, { durability }: DurableDefinition): Promise<void> {
    const { historyMax, historyMaxBytes } = durability;
    const { name, options } = historyStream(this.#node.system, type, historyMax, historyMaxBytes);
    const opened = await this.#node.transport.store.stream(name, options);
    const option = `durability.historyMaxBytes of ${type}`;
    this.#histories.set(type, valueOrThrow(roomFor(opened, option, historyMaxBytes)));
    valueOrThrow(await this.directory.parts.bucket.put(historyKey(type), encodeValue({ historyMax })));
  }

  #historyOf(type: string, shard: string): HistoryLog | undefined {
    const stream = this.#histories.get(type);
    return stream && historyLog(this.#node.system, shard, stream);
  }

  /** Those in memory. */
  get agents(): readonly ActorAddress[] {
    return this.inMemory().map(({ address }) => address);
  }

  inMemory(): readonly Agent[] {
    return [...this.#held.values()].flatMap(({ agents }) => [...agents]);
  }

  // ---- the way in ----

  isDurable(to: ActorAddress): boolean {
    return this.directory.shardOf(to) !== undefined;
  }

  post(
    envelope: Envelope & { readonly to: ActorAddress },
    reply: string | undefined,
    settled: (outcome: Outcome<number>) => void,
    postedFor?: PostedFor,
  ): CoxswainError | undefined {
    return this.#posts.post(envelope, reply, settled, postedFor);
  }

  // ---- shards (ShardsHost) ----

  mayHold(): boolean {
    const { registry, env } = this.#node;
    return registry !== undefined && durability.mayDispatch(registry.tenure, env.monotonicMs());
  }

  async #acquired(shard: string): Promise<void> {
    const agents = new ShardAgents(this, shard);
    this.#held.set(shard, agents);
    await agents.open(this.#node.system);
  }

  async #releasing(shard: string, withinMs: number): Promise<number> {
    const agents = this.#held.get(shard);
    this.#held.delete(shard);
    return (await agents?.retire(withinMs)) ?? 0;
  }

  #lost(shard: string): void {
    const agents = this.#held.get(shard);
    this.#held.delete(shard);
    agents?.drop();
  }

  // ---- agents (ShardHost) ----

  get stream(): Stream {
    return this.#box;
  }

  get records(): Bucket {
    return this.#records as Bucket;
  }

  definitionOf(type: string): DurableDefinition | undefined {
    return this.#definitions.get(type);
  }

  /** Somebody else reads the inbox of a shard we hold: what we have of it is doubtful. */
  taken(shard: string): void {
    if (!this.#held.has(shard)) return;
    this.#lost(shard);
    this.#takeBackLater(shard);
  }

  /** Where its record still says that we hold it. */
  #takeBackLater(shard: string): void {
    this.#node.env.setTimer(takeBackAfterMs, () => {
      if (this.#node.closed || this.#held.has(shard) || this.#shards?.holds(shard) !== true) return;
      this.#acquired(shard).catch((error: unknown) => {
        this.#node.report({ level: "error", message: `The inbox of shard ${shard} cannot be read`, error });
        this.#lost(shard);
        this.#takeBackLater(shard);
      });
    });
  }

  entered(agent: Agent): void {
    this.#ready.touch(agent);
    this.#ready.evict(this.#options.activeMax, this.#options.activeMaxBytes);
  }

  left(agent: Agent): void {
    this.#ready.delete(agent);
  }

  hostOf(type: string, shard: ShardAgents): AgentHost {
    const node = this.#node;
    const loader = this.#loaders.get(type) as AgentLoader;
    return {
      env: node.env,
      node,
      records: this.records,
      owner: `${node.name}/${node.incarnation}`,
      fingerprint: loader.fingerprint,
      nonce: () => `${node.incarnation}.${this.#writes++}`,
      nowMs: () => this.clock.nowMs(),
      mayHold: () => this.mayHold(),
      stuck: (key, error, tries) => this.#trouble.of(key, error, tries),
      load: (record, address) => loader.load(record, address, this.clock.nowMs()),
      suspect: () => this.#suspect(),
      publisher: (from, confirmed) => new OutboxPublisher(this.#posting, from, confirmed),
      history: this.#historyOf(type, shard.shard),
      acknowledge: (entry) => shard.acknowledge(entry),
      bury: (address, frame, code, reason) => this.#bury(address, frame, code, reason),
      sized: (byBytes) => this.#ready.sized(byBytes),
      ready: (agent) => this.#ready.add(agent),
      gone: (agent, end) => shard.gone(agent, end),
    };
  }

  /** One after the other: if one ends this process, the others were not at work. */
  async #suspect(): Promise<() => void> {
    const before = this.#suspects;
    let leave: () => void = () => {};
    this.#suspects = new Promise((resolve) => {
      leave = resolve;
    });
    await before;
    return leave;
  }

  #bury(address: ActorAddress, frame: Uint8Array, code: string, reason: string): Promise<boolean> {
    const { deadLetters, limits } = this.#node;
    try {
      return deadLetters.keep(address, code, reason, decodeEnvelope(frame, limits));
    } catch {
      return deadLetters.keep(address, code, reason, frame);
    }
  }

  // ---- the end ----

  /** Gives up its shards in order, and sends what waits. @returns what became of each shard */
  async drain(withinMs: number): Promise<readonly Drained[]> {
    await Promise.all(this.#gateways.map((gateway) => gateway.drain()));
    const drained = (await this.#shards?.drain(withinMs)) ?? [];
    await this.#posts.flush(withinMs);
    await this.#announcement?.withdraw();
    return drained;
  }

  close(): void {
    this.#unlisten();
    for (const gateway of this.#gateways) gateway.close();
    for (const shard of [...this.#held.keys()]) this.#lost(shard);
    this.#shards?.close();
    this.#posts.close();
    this.directory.close();
  }
}

function isDurable<T extends { readonly durability?: unknown }>(
  entry: [string, T],
): entry is [string, T & DurableDefinition] {
  return entry[1].durability !== undefined;
}
