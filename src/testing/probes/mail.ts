import { CoxswainError, quote, type ReplyTo } from "../../../protocols/index.ts";
import { msText } from "./duration.ts";
import { messageText } from "./pattern.ts";

/** A message as a probe got it. */
export interface Kept<M = { readonly type: string }> {
  readonly message: M;
  /** Since the probe was spawned, in milliseconds of its system's clock. */
  readonly atMs: number;
}

interface Entry extends Kept {
  /** What was made of it; for the story. */
  note: string;
}

const keptMaxDefault = 1_000;
/** Messages that a failure shows. */
const shownMax = 10;

/** What a probe has got, in order: the last ones are kept, and the unread ones wait for the test to look at them. */
export class Mail {
  readonly #keptMax: number;
  #entries: Entry[] = [];
  /** Entries before it have been read. */
  #read = 0;
  #lost = 0;
  #count = 0;
  readonly #open = new Map<string, Entry>();

  /** @throws OPTION_INVALID */
  constructor(keptMax = keptMaxDefault) {
    if (!Number.isSafeInteger(keptMax) || keptMax < 1) {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected keptMax to be a whole number >= 1, got ${quote(keptMax)}`,
      );
    }
    this.#keptMax = keptMax;
  }

  get kept(): readonly Kept[] {
    return this.#entries.map(({ message, atMs }) => ({ message, atMs }));
  }

  /** Unread messages that had to go, as more than `keptMax` came. */
  get lost(): number {
    return this.#lost;
  }

  get unread(): number {
    return this.#entries.length - this.#read;
  }

  add(message: { readonly type: string }, atMs: number): void {
    const entry = { message, atMs, note: "" };
    this.#entries.push(entry);
    this.#count++;
    const asker = askerOf(message);
    if (asker !== undefined) this.#open.set(asker.question, entry);
    if (this.#entries.length <= this.#keptMax) return;
    const gone = this.#entries.shift() as Entry;
    this.#open.delete(askerOf(gone.message)?.question ?? "");
    if (this.#read > 0) this.#read--;
    else this.#lost++;
  }

  /** The next unread message; it stays unread. */
  peek(): Kept | undefined {
    return this.#entries[this.#read];
  }

  /** The next unread message is read. */
  take(): void {
    this.#read++;
  }

  /** What became of the message that was read last, or of the one at hand. */
  note(text: string): void {
    const entry = this.#entries[this.#read - 1];
    if (entry !== undefined) entry.note = text;
  }

  isOpen(question: string): boolean {
    return this.#open.has(question);
  }

  answered(question: string, note: string): void {
    const entry = this.#open.get(question);
    if (entry !== undefined) entry.note = note;
    this.#open.delete(question);
  }

  /** The last messages with their times, what was not looked at, and who waits for an answer. */
  story(owner: string): string {
    if (this.#count === 0) return `${owner} has got no message.`;
    const shown = this.#entries.slice(-shownMax);
    const unreadFrom = this.#read - (this.#entries.length - shown.length);
    const times = shown.map(({ atMs }) => msText(atMs));
    const width = Math.max(...times.map((text) => text.length));
    const many = this.#count > shown.length ? `The last ${shown.length} of ${this.#count}` : "The";
    const lines = shown.map(({ message, note }, n) => {
      const said = n >= unreadFrom ? "not looked at" : note;
      return `  ${(times[n] ?? "").padStart(width)}  ${messageText(message)}${said === "" ? "" : ` (${said})`}`;
    });
    const waiting = [...this.#open.values()].map(({ message }) => messageText(message));
    const asked = waiting.slice(0, shownMax).join(", ") + (waiting.length > shownMax ? ", …" : "");
    return [
      `${many} messages of ${owner}:`,
      ...lines,
      ...(this.#lost > 0
        ? [`${this.#lost} more were dropped unread, as only ${this.#keptMax} are kept.`]
        : []),
      ...(waiting.length > 0 ? [`Still to be answered: ${asked}`] : []),
    ].join("\n");
  }
}

export function askerOf(message: { readonly type: string }): ReplyTo | undefined {
  return (message as { readonly replyTo?: ReplyTo }).replyTo;
}
