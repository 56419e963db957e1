import type { ConsumeOptions, StreamEntry } from "../../transport/transport.ts";
import type { Connection } from "./connection.ts";
import type { QueuesHost } from "./simulated-queues.ts";
import type { StreamFile } from "./stream-file.ts";

/** To whom a consumer delivers. */
interface Owner {
  readonly connection: Connection;
  /** @param number counts what was sent, so that a gap can be seen */
  send(number: number, entry: StreamEntry): void;
  deposed(): void;
}

/** One consumer at work: its entries go to its owner, and come again that are not acknowledged in time. */
export class QueueDelivery {
  readonly stream: StreamFile;
  readonly to: Owner;
  readonly #host: QueuesHost;
  readonly #options: ConsumeOptions;
  /** Not delivered yet, from `#head` on. */
  #backlog: number[] = [];
  #head = 0;
  /** Delivered and not acknowledged, with the time when they are delivered again; those first that are due first. */
  readonly #pending = new Map<number, number>();
  #number = 0;
  #state: "new" | "running" | "stopped" = "new";
  #armed = false;

  constructor(host: QueuesHost, stream: StreamFile, options: ConsumeOptions, to: Owner) {
    this.#host = host;
    this.stream = stream;
    this.#options = options;
    this.to = to;
  }

  get subject(): string {
    return this.#options.subject;
  }

  begin(): void {
    if (this.#state !== "new") return;
    this.#state = "running";
    const all = { fromSequence: 1, limit: Number.POSITIVE_INFINITY, subject: this.#options.subject };
    this.#backlog = this.stream.read(all).map(({ sequence }) => sequence);
    this.#deliverMore();
  }

  offer({ sequence }: StreamEntry): void {
    // Before it begins: it will find the entry.
    if (this.#state !== "running") return;
    this.#backlog.push(sequence);
    this.#deliverMore();
  }

  acknowledged(sequence: number): void {
    if (!this.#pending.delete(sequence)) return;
    this.stream.remove(sequence);
    this.#deliverMore();
  }

  stop(): void {
    this.#state = "stopped";
  }

  get #delivers(): boolean {
    return this.#state === "running" && this.to.connection.open;
  }

  #deliverMore(): void {
    const { clock, gapUntilMs } = this.#host;
    if (clock.nowMs < gapUntilMs) return this.#arm(gapUntilMs);
    while (
      this.#delivers &&
      this.#head < this.#backlog.length &&
      this.#pending.size < this.#options.unacknowledgedMax
    ) {
      const entry = this.stream.get(this.#backlog[this.#head++] as number);
      if (this.#head === this.#backlog.length || this.#head === 4_096) {
        this.#backlog.splice(0, this.#head);
        this.#head = 0;
      }
      if (entry !== undefined) this.#deliver(entry);
    }
  }

  #deliver(entry: StreamEntry): void {
    const { clock, note } = this.#host;
    const dueMs = clock.nowMs + this.#options.ackWaitMs;
    this.#pending.delete(entry.sequence);
    this.#pending.set(entry.sequence, dueMs);
    this.#number += 1;
    if (this.#host.loses()) note(`entry ${entry.sequence} of ${this.stream.name} is lost on its way`);
    else this.to.send(this.#number, entry);
    this.#arm(dueMs);
  }

  /** One look a time: at the first that is due, or when there is a leader again. */
  #arm(dueMs: number): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#host.clock.schedule(dueMs, () => {
      this.#armed = false;
      if (this.#delivers) this.#deliverAgain();
    });
  }

  #deliverAgain(): void {
    const { clock, gapUntilMs, note } = this.#host;
    if (clock.nowMs < gapUntilMs) return this.#arm(gapUntilMs);
    const due: StreamEntry[] = [];
    for (const [sequence, dueMs] of this.#pending) {
      if (dueMs > clock.nowMs) break;
      const entry = this.stream.get(sequence);
      if (entry === undefined) this.#pending.delete(sequence);
      else due.push(entry);
    }
    const again = this.#shuffled(due);
    if (again.length > 0)
      note(`of ${this.stream.name} come again: ${again.map(({ sequence }) => sequence).join(" ")}`);
    for (const entry of again) this.#deliver(entry);
    const [firstMs] = this.#pending.values();
    if (firstMs !== undefined) this.#arm(firstMs);
    this.#deliverMore();
  }

  #shuffled(entries: StreamEntry[]): readonly StreamEntry[] {
    const { random, overtaking } = this.#host;
    for (let at = entries.length - 1; at > 0; at--) {
      if (!random.chance(overtaking)) continue;
      const other = random.whole(0, at);
      [entries[at], entries[other]] = [entries[other] as StreamEntry, entries[at] as StreamEntry];
    }
    return entries;
  }
}
