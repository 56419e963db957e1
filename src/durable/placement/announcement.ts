import { CoxswainError, encodeValue, isToken, quote } from "../../../protocols/index.ts";
import { done, isLostRace, ok, valueOrThrow } from "../../transport/outcomes.ts";
import type { Entry, Outcome } from "../../transport/transport.ts";
import type { Directory } from "./directory.ts";
import type { ConfigRecord, HostRecord, Stored, TypeRecord, Versions } from "./records.ts";
import { storedOf } from "./records.ts";
import { groupOf, label } from "./shard-names.ts";
import { writeRecord } from "./write-record.ts";

/** What a node can hold. */
export interface OwnHost {
  readonly node: string;
  readonly incarnation: string;
  readonly labels: readonly string[];
  readonly types: Readonly<Record<string, OwnType>>;
  /** So many shards has each group, if this node is the first to say so; else it must be that number. Default what stands, or 16. */
  readonly shards?: number | undefined;
}

export interface OwnType {
  /** Whole, from 1. */
  readonly version: number;
  /** The protocol's name. */
  readonly protocol: string;
  /** Labels that its nodes have. */
  readonly needs: readonly string[];
}

const shardsDefault = 16;
const shardsMax = 1_024;
/** So often a write of unknown outcome is tried, with pauses that double from `pauseMs`: three seconds in all. */
const triesMax = 7;
const pauseMs = 50;

/** A node's word of what it hosts, in the directory: made when it joins, kept as long as it lives. */
export class Announcement {
  readonly own: OwnHost;
  /** Of its types. */
  readonly versions: Versions;
  readonly #directory: Directory;
  #leaving = false;
  #withdrawn = false;
  /** What stands of it beside the host's own record. */
  readonly #agreed = new Map<string, ConfigRecord | TypeRecord>();
  #kept = 0;

  /** @throws OPTION_INVALID */
  constructor(directory: Directory, own: OwnHost) {
    this.#directory = directory;
    this.own = check(own);
    this.versions = Object.fromEntries(
      Object.entries(own.types).map(([type, { version }]) => [type, version]),
    );
  }

  /** @throws OPTION_INVALID where others announced something that does not go with it */
  async make(): Promise<void> {
    const { shards, types } = this.own;
    const config: ConfigRecord = { shards: shards ?? shardsDefault };
    const founded = await this.#agree("config", config);
    if (shards !== undefined && founded.shards !== shards) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected shards to be ${founded.shards}, as the system was founded with, got ${shards}`,
      );
    }
    for (const [type, { needs, protocol }] of Object.entries(types)) {
      const wanted: TypeRecord = { group: groupOf(needs), needs: [...new Set(needs)].sort(), protocol };
      const stands = await this.#agree(`type.${type}`, wanted);
      if (stands.group !== wanted.group || stands.protocol !== protocol)
        throw contradiction(type, stands, wanted);
    }
    await this.#insist(() => this.#write());
  }

  /**
   * Says it again where it was forgotten: others may have taken this node for lost, and a server whose power was cut forgets. To be
   * called now and then while its lease is fresh: each time the leader is asked for one part of it.
   */
  async keep(): Promise<void> {
    if (this.#withdrawn) return;
    const stands = this.#directory.hostRecord(this.own.node)?.record;
    const lacking = stands?.incarnation !== this.own.incarnation || stands.leaving !== this.#leaving;
    const turn = lacking ? 0 : this.#kept++ % (this.#agreed.size + 1);
    const [key, record] = [...this.#agreed][turn - 1] ?? [];
    await (key === undefined || record === undefined ? this.#write() : this.#stands(key, record));
  }

  /** Its shards go to others as it gives them up. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#insist(() => this.#write());
  }

  /** It holds nothing any more. */
  async withdraw(): Promise<void> {
    this.#withdrawn = true;
    const { node, incarnation } = this.own;
    const stands = this.#directory.hostRecord(node);
    if (stands?.record.incarnation !== incarnation) return;
    await this.#directory.parts.bucket.delete(`host.${node}`, stands.revision);
  }

  async #agree<R extends ConfigRecord | TypeRecord>(key: string, record: R): Promise<R> {
    const stands = await this.#insist(() => this.#stands(key, record));
    this.#agreed.set(key, stands);
    return stands;
  }

  /** The record that stands: ours, if there was none. */
  async #stands<R extends object>(key: string, record: R): Promise<Outcome<R>> {
    const { bucket } = this.#directory.parts;
    const found = await bucket.get(key);
    if (found.kind !== "ok") return found;
    const stored: Stored<R> | undefined = found.value && storedOf(found.value);
    if (stored !== undefined) {
      this.#directory.saw(found.value as Entry);
      return ok(stored.record);
    }
    const value = encodeValue(record);
    const made = await bucket.create(key, value);
    if (made.kind !== "ok") return isLostRace(made) ? again : made;
    this.#directory.saw({ key, value, revision: made.value });
    return ok(record);
  }

  async #write(): Promise<Outcome> {
    const { bucket } = this.#directory.parts;
    const { node, incarnation, labels } = this.own;
    const found = await bucket.get(`host.${node}`);
    if (found.kind !== "ok") return found;
    const record: HostRecord = { incarnation, labels, types: this.versions, leaving: this.#leaving };
    const stands: Stored<HostRecord> | undefined = found.value && storedOf(found.value);
    if (stands?.record.incarnation === incarnation && stands.record.leaving === this.#leaving) return done;
    const written = await writeRecord(bucket, `host.${node}`, record, found.value?.revision);
    if (written.kind === "failed") return { kind: "unknown", error: written.error };
    if (written.kind === "lost") return again;
    this.#directory.saw(written.entry);
    return done;
  }

  async #insist<T>(attempt: () => Promise<Outcome<T>>): Promise<T> {
    const { env } = this.#directory.parts;
    for (let tries = 1; ; tries++) {
      const outcome = await attempt();
      if (outcome.kind !== "unknown" || tries >= triesMax) return valueOrThrow(outcome);
      await new Promise<void>((resolve) => env.setTimer(pauseMs * 2 ** (tries - 1), resolve));
    }
  }
}

const again: Outcome<never> = {
  kind: "unknown",
  error: new CoxswainError("STORE_FAILED", "A record of the hosts' bucket changes as often as it is written"),
};

function check(own: OwnHost): OwnHost {
  own.labels.forEach(label);
  const { shards } = own;
  if (shards !== undefined && !(Number.isSafeInteger(shards) && shards >= 1 && shards <= shardsMax))
    throw invalid(`shards to be a whole number from 1 to ${shardsMax}`, shards);
  for (const [type, { version, needs }] of Object.entries(own.types)) {
    if (!isToken(type)) throw invalid("a durable type to be named by a token", type);
    if (!Number.isSafeInteger(version) || version < 1)
      throw invalid(`the version of ${type} to be a whole number from 1`, version);
    groupOf(needs);
  }
  return own;
}

function contradiction(type: string, stands: TypeRecord, wanted: TypeRecord): CoxswainError {
  const say = ({ group, protocol }: TypeRecord): string => `group ${group} with protocol ${protocol}`;
  return new CoxswainError(
    "OPTION_INVALID",
    `Expected durable type ${type} to be of ${say(stands)}, as announced before, got ${say(wanted)}`,
  );
}

function invalid(expected: string, got: unknown): CoxswainError {
  return new CoxswainError("OPTION_INVALID", `Expected ${expected}, got ${quote(got)}`);
}
