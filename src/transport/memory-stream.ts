import { quote } from "../../protocols/index.ts";
import { done, rejected } from "./outcomes.ts";
import { SubjectTree } from "./subject-tree.ts";
import type { Outcome, StreamEntry, StreamOptions } from "./transport.ts";

/** Entries in order; the oldest go when there are too many, or too many bytes. */
export class MemoryStream {
  readonly name: string;
  readonly options: StreamOptions;
  readonly #subjects = new SubjectTree<true>();
  readonly #entries = new Map<number, StreamEntry>();
  #bytes = 0;
  #lastSequence = 0;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.options = options;
    for (const subject of options.subjects) this.#subjects.add(subject, true);
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get count(): number {
    return this.#entries.size;
  }

  takes(subject: string): boolean {
    return this.#subjects.match(subject).length > 0;
  }

  keep(subject: string, payload: Uint8Array, storedAtMs: number): void {
    this.#lastSequence += 1;
    const entry = { sequence: this.#lastSequence, subject, payload: new Uint8Array(payload), storedAtMs };
    this.#entries.set(entry.sequence, entry);
    this.#bytes += bytesOf(entry);
    const { messagesMax, bytesMax } = this.options;
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= messagesMax && this.#bytes <= bytesMax) return;
      this.#remove(oldest);
    }
  }

  read(options: { fromSequence?: number; limit?: number; subject?: string } = {}): StreamEntry[] {
    const { fromSequence = 1, limit = Number.POSITIVE_INFINITY, subject } = options;
    const found: StreamEntry[] = [];
    const wanted = new SubjectTree<true>();
    if (subject !== undefined) wanted.add(subject, true);
    for (const entry of this.#entries.values()) {
      if (found.length >= limit) break;
      if (entry.sequence < fromSequence) continue;
      if (subject !== undefined && wanted.match(entry.subject).length === 0) continue;
      found.push({ ...entry, payload: new Uint8Array(entry.payload) });
    }
    return found;
  }

  delete(sequence: number): Outcome {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) {
      return rejected("STORE_FAILED", `Stream ${this.name} has no entry ${quote(sequence)}`);
    }
    this.#remove(entry);
    return done;
  }

  #remove(entry: StreamEntry): void {
    this.#entries.delete(entry.sequence);
    this.#bytes -= bytesOf(entry);
  }
}

/** A file store's account of an entry: 22 bytes of head, 8 of checksum, the subject, the payload. */
function bytesOf(entry: StreamEntry): number {
  return 30 + entry.subject.length + entry.payload.length;
}
