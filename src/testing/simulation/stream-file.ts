import { entryBytes, refuseFull } from "../../transport/store-rules.ts";
import { SubjectTree } from "../../transport/subject-tree.ts";
import type { Outcome, StreamEntry, StreamOptions } from "../../transport/transport.ts";
import type { ConsumerFile } from "./consumer-file.ts";
import type { Unflushed } from "./unflushed.ts";

/** One stream on a simulated disk; every change can be undone. */
export class StreamFile {
  readonly name: string;
  readonly options: StreamOptions;
  readonly unflushed: Unflushed;
  /** Of a queue. */
  readonly consumers: ConsumerFile;
  readonly #subjects = new SubjectTree<true>();
  #entries = new Map<number, StreamEntry>();
  readonly #perSubject = new Map<string, number>();
  #bytes = 0;
  #lastSequence = 0;

  constructor(name: string, options: StreamOptions, unflushed: Unflushed, consumers: ConsumerFile) {
    this.name = name;
    this.options = options;
    this.unflushed = unflushed;
    this.consumers = consumers;
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

  get(sequence: number): StreamEntry | undefined {
    return this.#entries.get(sequence);
  }

  /** Why a queue does not take it. */
  refuse(subject: string, payload: Uint8Array): Outcome<never> | undefined {
    const onSubject = this.#perSubject.get(subject) ?? 0;
    const fill = { entries: this.#entries.size, bytes: this.#bytes, onSubject };
    return refuseFull(this.name, this.options, fill, { subject, payload });
  }

  keep(subject: string, payload: Uint8Array, storedAtMs: number): StreamEntry {
    this.#lastSequence += 1;
    const entry = { sequence: this.#lastSequence, subject, payload, storedAtMs };
    this.#add(entry);
    const gone = this.options.kind === "queue" ? [] : this.#dropTooMany(subject);
    this.unflushed.wrote(() => {
      this.#drop(entry);
      this.#lastSequence -= 1;
      this.#restore(gone);
    });
    return entry;
  }

  /** @returns the oldest of the subject, and then of all, that were too many */
  #dropTooMany(subject: string): readonly StreamEntry[] {
    const gone: StreamEntry[] = [];
    const drop = (entry: StreamEntry): void => {
      this.#drop(entry);
      gone.push(entry);
    };
    const { messagesMax, bytesMax, subjectMessagesMax = Number.POSITIVE_INFINITY } = this.options;
    for (const oldest of this.#entries.values()) {
      if ((this.#perSubject.get(subject) ?? 0) <= subjectMessagesMax) break;
      if (oldest.subject === subject) drop(oldest);
    }
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= messagesMax && this.#bytes <= bytesMax) break;
      drop(oldest);
    }
    return gone;
  }

  /** @returns whether there was such an entry */
  remove(sequence: number): boolean {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) return false;
    this.#drop(entry);
    this.unflushed.wrote(() => this.#restore([entry]));
    return true;
  }

  read(wanted: { fromSequence: number; limit: number; subject: string | undefined }): readonly StreamEntry[] {
    const subjects = new SubjectTree<true>();
    if (wanted.subject !== undefined) subjects.add(wanted.subject, true);
    const found: StreamEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (found.length >= wanted.limit) break;
      if (entry.sequence < wanted.fromSequence) continue;
      if (wanted.subject !== undefined && subjects.match(entry.subject).length === 0) continue;
      found.push(entry);
    }
    return found;
  }

  #add(entry: StreamEntry): void {
    this.#entries.set(entry.sequence, entry);
    this.#bytes += entryBytes(entry);
    if (this.options.subjectMessagesMax === undefined) return;
    this.#perSubject.set(entry.subject, (this.#perSubject.get(entry.subject) ?? 0) + 1);
  }

  #drop(entry: StreamEntry): void {
    if (!this.#entries.delete(entry.sequence)) return;
    this.#bytes -= entryBytes(entry);
    const left = (this.#perSubject.get(entry.subject) ?? 0) - 1;
    if (left > 0) this.#perSubject.set(entry.subject, left);
    else this.#perSubject.delete(entry.subject);
  }

  #restore(entries: readonly StreamEntry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#add(entry);
    this.#entries = new Map([...this.#entries].sort(([one], [other]) => one - other));
  }
}
