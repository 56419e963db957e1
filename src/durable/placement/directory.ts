import type { Env } from "../../env/env.ts";
import type { Report } from "../../node.ts";
import type { NodeRecord } from "../../registry.ts";
import { done, valueOrThrow } from "../../transport/outcomes.ts";
import type { Bucket, Closable, Entry, Outcome } from "../../transport/transport.ts";
import { Announcement, type OwnHost } from "./announcement.ts";
import type { Host, Required } from "./owner-of.ts";
import {
  type ConfigRecord,
  type HostRecord,
  type ShardRecord,
  type Stored,
  storedOf,
  type TypeRecord,
} from "./records.ts";
import { groupOfShard, shardName, shardNumber } from "./shard-names.ts";
import { warn } from "./shards-host.ts";

/** Who is in the cluster. `Registry` is one. */
export interface Members {
  readonly nodes: readonly Pick<NodeRecord, "node" | "incarnation">[];
  /** Whether the store's leader, too, knows this incarnation no more: one we have not heard of may live. False if it does not answer. */
  isGone(node: string, incarnation: string): Promise<boolean>;
}

export interface DirectoryParts {
  readonly env: Env;
  /** `cx_<system>_hosts`. */
  readonly bucket: Bucket;
  /** A client has none, and sees no host alive. */
  readonly members?: Members | undefined;
  readonly report: (report: Report) => void;
}

/**
 * Which types are durable, where their agents' messages go, and which nodes may hold them: one bucket, watched. Whoever
 * sends opens it; who hosts announces itself, too.
 */
export class Directory {
  readonly parts: DirectoryParts;
  readonly #types = new Map<string, Stored<TypeRecord>>();
  readonly #hosts = new Map<string, Stored<HostRecord>>();
  readonly #shards = new Map<string, Stored<ShardRecord>>();
  readonly #listeners = new Set<(shard: string | undefined) => void>();
  #config: Stored<ConfigRecord> | undefined;
  #watching: Closable | undefined;
  #revision = 0;
  #looks = 0;
  #closed = false;

  private constructor(parts: DirectoryParts) {
    this.parts = parts;
  }

  /** Resolves when what is announced so far is known. */
  static async open(parts: DirectoryParts): Promise<Directory> {
    const directory = new Directory(parts);
    valueOrThrow(await directory.#look());
    return directory;
  }

  /** We came back to the server: one whose power was cut may have forgotten hosts and holders, and no watch tells of that. */
  reconnected(): void {
    if (this.#closed) return;
    void this.#look().then((looked) => {
      if (looked.kind !== "ok" && !this.#closed)
        warn(this.parts, "The hosts were not looked at anew", looked.error);
    });
  }

  /** The shard of an address, whose first token is its type; undefined where that is no durable type, or there is no key. */
  shardOf(address: string): string | undefined {
    const dot = address.indexOf(".");
    const type = dot < 0 ? undefined : this.#types.get(address.slice(0, dot));
    if (type === undefined || this.#config === undefined) return undefined;
    return shardName(type.record.group, shardNumber(address, this.#config.record.shards));
  }

  get types(): ReadonlyMap<string, TypeRecord> {
    return new Map([...this.#types].map(([type, { record }]) => [type, record]));
  }

  /** So many shards has each group; undefined until the first durable type was announced. */
  get shardsPerGroup(): number | undefined {
    return this.#config?.record.shards;
  }

  get hosts(): readonly Host[] {
    const living = new Map(this.parts.members?.nodes.map(({ node, incarnation }) => [node, incarnation]));
    return [...this.#hosts].map(([node, { record }]) => {
      return { ...record, node, alive: living.get(node) === record.incarnation };
    });
  }

  hostRecord(node: string): Stored<HostRecord> | undefined {
    return this.#hosts.get(node);
  }

  /** All shards there are. */
  get shards(): readonly string[] {
    const groups = new Set([...this.#types.values()].map(({ record }) => record.group));
    const numbers = Array.from({ length: this.shardsPerGroup ?? 0 }, (_, n) => n);
    return [...groups].flatMap((group) => numbers.map((n) => shardName(group, n)));
  }

  shardRecord(shard: string): Stored<ShardRecord> | undefined {
    return this.#shards.get(shard);
  }

  required(shard: string): Required {
    const group = groupOfShard(shard);
    const ofGroup = [...this.#types].filter(([, { record }]) => record.group === group);
    return {
      labels: ofGroup.flatMap(([, { record }]) => record.needs),
      types: ofGroup.map(([type]) => type),
      versions: this.#shards.get(shard)?.record.versions ?? {},
    };
  }

  /** Of the newest change that the watch has told of. */
  get revision(): number {
    return this.#revision;
  }

  /** Calls whenever something has changed, at once: with the shard, if it was a shard's record. Returns how to stop it. */
  onChange(listener: (shard: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A node has joined the cluster, left it or was lost. */
  membersChanged(): void {
    this.#tell(undefined);
  }

  /** This node hosts durable types from now on. To be called once it is a member. @throws OPTION_INVALID */
  async announce(own: OwnHost): Promise<Announcement> {
    const announcement = new Announcement(this, own);
    await announcement.make();
    return announcement;
  }

  /** Hears nothing more. */
  close(): void {
    this.#closed = true;
    this.#watching?.close();
    this.#listeners.clear();
  }

  /** Sees all that the store has, and every change from then on. */
  async #look(): Promise<Outcome> {
    const look = ++this.#looks;
    const present: Entry[] = [];
    let begun = false;
    const outcome = await this.parts.bucket.watch((entry) => {
      if (look !== this.#looks) return;
      if (begun) this.#watched(entry);
      else present.push(entry);
    });
    begun = true;
    if (outcome.kind !== "ok") return outcome;
    if (this.#closed || look !== this.#looks) {
      outcome.value.close();
      return done;
    }
    this.#watching?.close();
    this.#watching = outcome.value;
    this.#replaceBy(present);
    return done;
  }

  #replaceBy(present: readonly Entry[]): void {
    const shards = [...this.#shards.keys()];
    // Types are kept: whoever serves one will enter it again, and what is sent to it has to lie somewhere.
    this.#hosts.clear();
    this.#shards.clear();
    this.#revision = 0;
    for (const entry of present) {
      this.#revision = Math.max(this.#revision, entry.revision);
      this.#enter(entry);
    }
    for (const shard of [undefined, ...shards, ...this.#shards.keys()]) this.#tell(shard);
  }

  /** We wrote or read an entry, and the watch may not have told of it yet. */
  saw(entry: Entry): void {
    if (entry.revision > this.#revision) this.#see(entry);
  }

  /** A shard's record as the store has it by now, even if the watch has told of a newer one before. */
  correct(shard: string, entry: Entry | undefined): void {
    this.#shards.delete(shard);
    if (entry !== undefined) this.#see(entry);
  }

  #watched(entry: Entry): void {
    this.#revision = entry.revision;
    this.#see(entry);
  }

  #see(entry: Entry): void {
    const [kind, name] = this.#enter(entry);
    this.#tell(kind === "shard" ? name : undefined);
  }

  #enter(entry: Entry): readonly [kind: string, name: string] {
    const dot = entry.key.indexOf(".");
    const [kind, name] = dot < 0 ? [entry.key, ""] : [entry.key.slice(0, dot), entry.key.slice(dot + 1)];
    if (kind === "config") this.#config = storedOf(entry) ?? this.#config;
    if (kind === "type") see(this.#types, name, entry);
    if (kind === "host") see(this.#hosts, name, entry);
    if (kind === "shard") see(this.#shards, name, entry);
    return [kind, name];
  }

  #tell(shard: string | undefined): void {
    for (const listener of this.#listeners) listener(shard);
  }
}

function see<R>(known: Map<string, Stored<R>>, name: string, entry: Entry): void {
  const before = known.get(name);
  if (before !== undefined && before.revision >= entry.revision) return;
  const stored = storedOf<R>(entry);
  if (stored === undefined) known.delete(name);
  else known.set(name, stored);
}
