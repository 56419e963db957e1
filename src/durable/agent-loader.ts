import { type ActorAddress, decodeValue, encodeValue } from "../../protocols/index.ts";
import type { Bucket } from "../transport/transport.ts";
import type { AgentRecord, DelayedEvent } from "./agent-record.ts";
import type { DurableDefinition } from "./durability.ts";
import {
  type Audit,
  checkVersions,
  fingerprintOf,
  migrate,
  type Outline,
  outlineOf,
  type StoredTimer,
  snapshotRefused,
  type Versioned,
} from "./versions/index.ts";

/** Audits kept in a record. */
const auditsMax = 10;

/** Makes of a type's records what this node's machine takes, and keeps what other versions of it looked like. */
export class AgentLoader {
  readonly fingerprint: string;
  readonly #versioned: Versioned;
  readonly #bucket: Bucket;
  /** Of other fingerprints, as their nodes left them in the bucket. */
  readonly #outlines = new Map<string, Outline | undefined>();

  /** @throws OPTION_INVALID */
  constructor(type: string, definition: DurableDefinition, bucket: Bucket) {
    const { behaviour, durability } = definition;
    const { version, migrations, context } = durability;
    this.#bucket = bucket;
    this.#versioned = {
      type,
      logic: behaviour.kind === "logic" ? behaviour.logic : undefined,
      version,
      ...(migrations === undefined ? {} : { migrations }),
      ...(context === undefined ? {} : { context }),
      outlineOf: (fingerprint) => this.#outlines.get(fingerprint),
    };
    checkVersions(this.#versioned);
    this.fingerprint = fingerprintOf(this.#versioned.logic);
  }

  /** Leaves word of what our machine looks like, for nodes that come with another. */
  async announce(): Promise<void> {
    const outline = outlineOf(this.#versioned.logic);
    await this.#bucket.create(
      `outline.${this.fingerprint}`,
      encodeValue(JSON.parse(JSON.stringify(outline))),
    );
  }

  async load(
    record: AgentRecord,
    address: ActorAddress,
    nowMs: number,
  ): Promise<{ readonly record: AgentRecord; readonly audit?: Audit } | { readonly reason: string }> {
    const { version, fingerprint, snapshot } = record.state;
    if (fingerprint !== this.fingerprint) await this.#learn(fingerprint);
    const { data } = snapshot as { readonly data: unknown };
    const timers = record.timers.map((timer) => {
      const { source, event, id } = timer.message as DelayedEvent;
      return { source, id: id.slice(id.indexOf("|") + 1), dueAtMs: timer.dueAtMs, event, timer };
    });
    const stored = { key: address, version, fingerprint, snapshot: data, timers };
    const loaded = migrate(stored, this.#versioned, Math.floor(nowMs));
    if (!loaded.ok) {
      const { type } = this.#versioned;
      return { reason: snapshotRefused(loaded.reason, { type, key: address }).message };
    }
    const { audit } = loaded;
    if (audit === undefined) return { record };
    const state = {
      ...record.state,
      // Else whoever takes it over next, before its next turn, would migrate it once more.
      version: this.#versioned.version,
      fingerprint: this.fingerprint,
      snapshot: { data: loaded.snapshot },
      audits: [...(record.state.audits ?? []), audit].slice(-auditsMax),
    };
    return { record: { ...record, state, timers: loaded.timers.map(timerOf) }, audit };
  }

  async #learn(fingerprint: string): Promise<void> {
    if (this.#outlines.get(fingerprint) !== undefined) return;
    const found = await this.#bucket.get(`outline.${fingerprint}`);
    const value = found.kind === "ok" ? found.value?.value : undefined;
    this.#outlines.set(fingerprint, value && (decodeValue(value) as Outline));
  }
}

type RecordTimer = AgentRecord["timers"][number];

/** A migration may have renamed the state that waits, and with it the timer; or set one of its own. */
function timerOf({ source, id = "", dueAtMs, event, ...kept }: StoredTimer): RecordTimer {
  const { timer } = kept as { readonly timer?: RecordTimer };
  const name = `${source}|${id}`;
  const before = timer?.message as DelayedEvent | undefined;
  const { delayMs = 0, target = { path: source } } = before ?? {};
  const message: DelayedEvent = { delayMs, target, source, id: name, event };
  return { id: name, dueAtMs, message, generation: timer?.generation ?? 0 };
}
