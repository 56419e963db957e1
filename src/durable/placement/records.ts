import { decodeValue } from "../../../protocols/index.ts";
import type { Entry } from "../../transport/transport.ts";

/** Of each type its version: a whole number that rises whenever older code cannot load what newer code has kept. */
export type Versions = Readonly<Record<string, number>>;

/** `config`: fixed when the system's first durable type is announced. */
export interface ConfigRecord {
  /** So many shards has each group. */
  readonly shards: number;
}

/** `type.<type>`: what all nodes that serve it must agree on. */
export interface TypeRecord {
  readonly group: string;
  /** The labels that the group is named after. */
  readonly needs: readonly string[];
  /** The protocol's name; its version may differ from node to node. */
  readonly protocol: string;
}

/** `host.<node>`: what a node can hold. */
export interface HostRecord {
  readonly incarnation: string;
  readonly labels: readonly string[];
  readonly types: Versions;
  /** It gives up its shards and takes no more. */
  readonly leaving: boolean;
}

/** `shard.<shard>`: who holds it, or did last. Never deleted, so that its versions are not forgotten. */
export interface ShardRecord {
  readonly node: string;
  readonly incarnation: string;
  /** The highest that any holder had: each had those of the one before, or higher. */
  readonly versions: Versions;
  /** False once it was given up in order. */
  readonly held: boolean;
}

/** A record as the store has it. */
export interface Stored<R> {
  readonly record: R;
  readonly revision: number;
}

/** A deleted entry has none. */
export function storedOf<R>({ value, revision }: Entry): Stored<R> | undefined {
  return value && { record: decodeValue(value) as R, revision };
}
