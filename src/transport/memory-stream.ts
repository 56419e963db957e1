import { quote } from "../../protocols/index.ts";
import { MemoryConsumers, type QueueHost } from "./memory-queue.ts";
import { done, rejected } from "./outcomes.ts";
import { entryBytes, refuseFull } from "./store-rules.ts";
import { SubjectTree } from "./subject-tree.ts";
import type { Outcome, StreamEntry, StreamOptions } from "./transport.ts";

/** Entries in order. When there are too many, or too many bytes, a log's oldest go, and a queue takes no more. */
export class MemoryStream {
  readonly name: string;
  readonly options: StreamOptions;
  readonly #subjects = new SubjectTree<true>();
  readonly consumers: MemoryConsumers;
  readonly #entries = new Map<number, StreamEntry>();
  readonly #perSubject = new Map<string, number>();
  #bytes = 0;
  #lastSequence = 0;

  constructor(name: string, options: StreamOptions, host: QueueHost) {
    this.name = name;
    this.options = options;
    this.consumers = new MemoryConsumers(host);
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

  has(sequence: number): boolean {
    return this.#entries.has(sequence);
  }

  /** Why a queue does not take it. */
  refuse(subject: string, payload: Uint8Array): Outcome<never> | undefined {
    const onSubject = this.#perSubject.get(subject) ?? 0;
    const fill = { entries: this.#entries.size, bytes: this.#bytes, onSubject };
    return refuseFull(this.name, this.options, fill, { subject, payload });
  }

  /** What a queue does not take is lost, as what is published to a full one on a server. */
  keep(subject: string, payload: Uint8Array, storedAtMs: number): void {
    if (this.refuse(subject, payload) !== undefined) return;
    this.#lastSequence += 1;
    const entry = { sequence: this.#lastSequence, subject, payload: new Uint8Array(payload), storedAtMs };
    this.#entries.set(entry.sequence, entry);
    this.#bytes += entryBytes(entry);
    const { kind, messagesMax, bytesMax, subjectMessagesMax } = this.options;
    const onSubject = (this.#perSubject.get(subject) ?? 0) + 1;
    if (subjectMessagesMax !== undefined) this.#perSubject.set(subject, onSubject);
    if (kind === "queue") return this.consumers.offer(entry);
    if (onSubject > (subjectMessagesMax ?? onSubject)) this.#removeOldestOn(subject);
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= messagesMax && this.#bytes <= bytesMax) return;
      this.#remove(oldest);
    }
  }

  #removeOldestOn(subject: string): void {
    for (const entry of this.#entries.values()) if (entry.subject === subject) return this.#remove(entry);
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
    this.#bytes -= entryBytes(entry);
    const left = (this.#perSubject.get(entry.subject) ?? 0) - 1;
    if (left > 0) this.#perSubject.set(entry.subject, left);
    else this.#perSubject.delete(entry.subject);
  }
}
