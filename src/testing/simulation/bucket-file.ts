import { ok } from "../../transport/outcomes.ts";
import { lostRace, refuseSize } from "../../transport/store-rules.ts";
import type { Entry } from "../../transport/transport.ts";
import type { StoreAnswer, StoreRequest } from "./frames.ts";
import type { Unflushed } from "./unflushed.ts";

/** One bucket on a simulated disk; every change can be undone. */
export class BucketFile {
  readonly valueMaxBytes: number | undefined;
  readonly unflushed: Unflushed;
  readonly #onEntry: (entry: Entry) => void;
  /** In order of revision, deleted keys too. */
  #entries = new Map<string, Entry>();
  #revision = 0;

  constructor(valueMaxBytes: number | undefined, unflushed: Unflushed, onEntry: (entry: Entry) => void) {
    this.valueMaxBytes = valueMaxBytes;
    this.unflushed = unflushed;
    this.#onEntry = onEntry;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Those that are there, in order of revision; with `under`, those whose key begins with it and a dot. */
  present(under?: string): readonly Entry[] {
    const prefix = under === undefined ? "" : `${under}.`;
    return [...this.#entries.values()].filter(
      ({ key, value }) => value !== undefined && key.startsWith(prefix),
    );
  }

  /**
   * What was written after a revision. One that it does not have yet, since it lost it, is taken for its last, as a
   * nats-server takes a start beyond the end of its stream.
   */
  after(revision: number): readonly Entry[] {
    const from = Math.min(revision, this.#revision);
    return [...this.#entries.values()].filter((entry) => entry.revision > from);
  }

  write({ key, value, revision }: StoreRequest & { op: "write" }): StoreAnswer {
    const refused = refuseSize(`the value of ${key}`, value?.length ?? 0, this.valueMaxBytes);
    if (refused !== undefined) return refused;
    const before = this.#entries.get(key);
    if (revision !== undefined && revision !== (before?.revision ?? 0)) {
      return lostRace(key, `at revision ${revision}`);
    }
    this.#revision += 1;
    const entry: Entry = { key, value, revision: this.#revision };
    // Last in the map, so that the map is in order of revision.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.unflushed.wrote(() => this.#undo(key, before));
    this.#onEntry(entry);
    return ok(entry.revision);
  }

  #undo(key: string, before: Entry | undefined): void {
    this.#revision -= 1;
    this.#entries.delete(key);
    if (before === undefined) return;
    const sorted = [...this.#entries, [key, before] as const].sort((a, b) => a[1].revision - b[1].revision);
    this.#entries = new Map(sorted);
  }
}
