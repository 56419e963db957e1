import { SubjectTree } from "../../transport/subject-tree.ts";
import type { StreamEntry, StreamOptions } from "../../transport/transport.ts";
import type { Unflushed } from "./unflushed.ts";

/** One stream on a simulated disk; every change can be undone. */
export class StreamFile {
  readonly name: string;
  readonly options: StreamOptions;
  readonly unflushed: Unflushed;
  readonly #subjects = new SubjectTree<true>();
  #entries = new Map<number, StreamEntry>();
  #bytes = 0;
  #lastSequence = 0;

  constructor(name: string, options: StreamOptions, unflushed: Unflushed) {
    this.name = name;
    this.options = options;
    this.unflushed = unflushed;
    for (const subject of options.subjects) this.#subjects.add(subject, true);
  }

  get count(): number {
    return this.#entries.size;
  }

  takes(subject: string): boolean {
    return this.#subjects.match(subject).length > 0;
  }

  /** @returns its sequence number */
  keep(subject: string, payload: Uint8Array, storedAtMs: number): number {
    this.#lastSequence += 1;
    const entry = { sequence: this.#lastSequence, subject, payload, storedAtMs };
    this.#add(entry);
    const gone: StreamEntry[] = [];
    const { messagesMax, bytesMax, subjectMessagesMax = Number.POSITIVE_INFINITY } = this.options;
    const same = this.#on(subject, subjectMessagesMax);
    if (same !== undefined) {
      this.#drop(same);
      gone.push(same);
    }
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= messagesMax && this.#bytes <= bytesMax) break;
      this.#drop(oldest);
      gone.push(oldest);
    }
    this.unflushed.wrote(() => {
      this.#drop(entry);
      this.#lastSequence -= 1;
      this.#restore(gone);
    });
    return entry.sequence;
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

  /** The oldest on the subject, where there are more than `max`. */
  #on(subject: string, max: number): StreamEntry | undefined {
    if (max === Number.POSITIVE_INFINITY) return undefined;
    const found = [...this.#entries.values()].filter((entry) => entry.subject === subject);
    return found.length > max ? found[0] : undefined;
  }

  #add(entry: StreamEntry): void {
    this.#entries.set(entry.sequence, entry);
    this.#bytes += bytesOf(entry);
  }

  #drop(entry: StreamEntry): void {
    if (this.#entries.delete(entry.sequence)) this.#bytes -= bytesOf(entry);
  }

  #restore(entries: readonly StreamEntry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#add(entry);
    this.#entries = new Map([...this.#entries].sort(([one], [other]) => one - other));
  }
}

/** A file store's account of an entry: 22 bytes of head, 8 of checksum, the subject, the payload. */
function bytesOf(entry: StreamEntry): number {
  return 30 + entry.subject.length + entry.payload.length;
}
