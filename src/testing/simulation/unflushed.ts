interface Write {
  readonly atMs: number;
  readonly undo: () => void;
}

/** So many writes are kept before those that are flushed are looked for. */
const keptMax = 1_000;

/** The latest writes to one file, each with how to undo it: a power cut takes those that are not on the disk yet. */
export class Unflushed {
  readonly #nowMs: () => number;
  readonly #flushedAfterMs: number;
  #writes: Write[] = [];

  constructor(nowMs: () => number, flushedAfterMs: number) {
    this.#nowMs = nowMs;
    this.#flushedAfterMs = flushedAfterMs;
  }

  wrote(undo: () => void): void {
    const nowMs = this.#nowMs();
    this.#writes.push({ atMs: nowMs, undo });
    if (this.#writes.length < keptMax) return;
    this.#writes = this.#writes.filter(({ atMs }) => atMs >= nowMs - this.#flushedAfterMs);
  }

  /** Undoes what was written from then on, the last first. @returns how many writes that were */
  lose(fromMs: number): number {
    let lost = 0;
    for (
      let last = this.#writes.at(-1);
      last !== undefined && last.atMs >= fromMs;
      last = this.#writes.at(-1)
    ) {
      last.undo();
      this.#writes.pop();
      lost += 1;
    }
    return lost;
  }
}
