import { SubjectTree } from "../../transport/subject-tree.ts";
import type { StreamEntry, StreamOptions } from "../../transport/transport.ts";

/** One stream on a simulated disk; every change can be undone. */
export class StreamFile {
  readonly name: string;
  readonly options: StreamOptions;
  readonly #subjects = new SubjectTree<true>();
  #entries = new Map<number, StreamEntry>();
  #bytes = 0;
  lastSequence = 0;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.options = options;
    for (const subject of options.subjects) this.#subjects.add(subject, true);
  }

  get count(): number {
    return this.#entries.size;
  }

  takes(subject: string): boolean {
    return this.#subjects.match(subject).length > 0;
  }

  /** @returns how to undo it */
  keep(subject: string, payload: Uint8Array, storedAtMs: number): () => void {
    this.lastSequence += 1;
    const entry = { sequence: this.lastSequence, subject, payload, storedAtMs };
    this.#add(entry);
    const gone: StreamEntry[] = [];
    const { messagesMax, bytesMax } = this.options;
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= messagesMax && this.#bytes <= bytesMax) break;
      this.#drop(oldest);
      gone.push(oldest);
    }
    return () => {
      this.#drop(entry);
      this.lastSequence -= 1;
      this.#restore(gone);
    };
  }

  /** @returns how to undo it; undefined where there is no such entry */
  remove(sequence: number): (() => void) | undefined {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) return undefined;
    this.#drop(entry);
    return () => this.#restore([entry]);
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
