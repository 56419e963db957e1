import { CoxswainError } from "../../../protocols/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Stream } from "../../transport/transport.ts";
import { decodeStored, type HistoryEntry } from "./entry.ts";

/** Entries in memory at a time: a checkpoint may have nearly a mebibyte. */
const pageMax = 64;

/** Where the turns and checkpoints of one agent's history are: in the order of the turns, without doubles. */
export class HistoryIndex {
  readonly #stream: Stream;
  readonly #subject: string;
  readonly #turns = new Map<number, number>();
  readonly #checkpoints = new Map<number, { readonly epoch: number; readonly sequence: number }>();
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  /** Of the page read last, by turn. */
  #page = new Map<number, () => HistoryEntry>();

  private constructor(stream: Stream, subject: string) {
    this.#stream = stream;
    this.#subject = subject;
  }

  /** Looks through all that is there now. @throws STORE_FAILED, FRAME_MALFORMED */
  static async open(stream: Stream, subject: string): Promise<HistoryIndex> {
    const index = new HistoryIndex(stream, subject);
    for (let fromSequence = 1; ; ) {
      const page = valueOrThrow(await stream.read({ fromSequence, limit: pageMax, subject }));
      for (const { sequence, payload } of page) index.#see(sequence, decodeStored(payload));
      const last = page.at(-1);
      if (last === undefined) return index;
      fromSequence = last.sequence + 1;
    }
  }

  #see(sequence: number, stored: ReturnType<typeof decodeStored>): void {
    const { kind, turn, epoch } = stored;
    if (kind === "checkpoint") {
      // Of one turn the latest owner's holds: what it changed when it took the agent over is in it.
      if ((this.#checkpoints.get(turn)?.epoch ?? -1) <= epoch)
        this.#checkpoints.set(turn, { epoch, sequence });
      return;
    }
    // A double is the same: only what is committed is published.
    if (this.#turns.has(turn)) return;
    this.#turns.set(turn, sequence);
    this.#first = Math.min(this.#first, turn);
    this.#last = Math.max(this.#last, turn);
  }

  /** Of the turns; 0 where there are none. */
  get first(): number {
    return this.#last === 0 ? 0 : this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** The latest checkpoint of a turn up to this one. */
  checkpointBefore(turn: number): number | undefined {
    let found: number | undefined;
    for (const at of this.#checkpoints.keys()) if (at <= turn && at >= (found ?? 0)) found = at;
    return found;
  }

  /** The earliest checkpoint of this turn or a later one. */
  checkpointAfter(turn: number): number | undefined {
    let found: number | undefined;
    for (const at of this.#checkpoints.keys())
      if (at >= turn && at <= (found ?? Number.POSITIVE_INFINITY)) found = at;
    return found;
  }

  /** A record as it was stored. */
  async checkpoint(turn: number): Promise<Uint8Array> {
    const stored = await this.#read(this.#checkpoints.get(turn)?.sequence ?? 0, 1);
    const found = stored.find(({ kind }) => kind === "checkpoint");
    if (found?.kind === "checkpoint") return found.record;
    throw new CoxswainError("STORE_FAILED", `The checkpoint of turn ${turn} has been discarded meanwhile`);
  }

  /** @throws OPTION_INVALID where it is not kept, or not any more */
  async entry(turn: number): Promise<HistoryEntry> {
    const known = this.#page.get(turn);
    if (known !== undefined) return known();
    const sequence = this.#turns.get(turn);
    if (sequence !== undefined) {
      this.#page = new Map();
      for (const stored of await this.#read(sequence, pageMax))
        if (stored.kind === "turn") this.#page.set(stored.turn, stored.entry);
    }
    const found = this.#page.get(turn);
    if (found !== undefined) return found();
    const kept = this.#last === 0 ? "nothing is kept" : `kept are ${this.first} to ${this.#last}`;
    throw new CoxswainError("OPTION_INVALID", `Expected a turn of the history (${kept}), got ${turn}`);
  }

  async #read(fromSequence: number, limit: number): Promise<ReturnType<typeof decodeStored>[]> {
    const options = { fromSequence, limit, subject: this.#subject };
    return valueOrThrow(await this.#stream.read(options)).map(({ payload }) => decodeStored(payload));
  }
}
