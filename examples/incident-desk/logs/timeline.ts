/** How many entries, and how many bad ones among them, fell into each stretch of time. */
export interface Timeline {
  widthMs: number;
  /** In order of time; stretches without entries are left out. */
  bins: { startMs: number; entries: number; bad: number }[];
}

const BINS_MAX = 240;

/**
 * Counts entries over time in at most 240 bins. A bin starts one second wide and doubles when the log outgrows
 * them, always aligned to its width, so that neither the order of entries nor a merge changes the result.
 */
export class TimelineCounter {
  #widthMs = 1_000;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #bins = new Map<number, { entries: number; bad: number }>();

  get firstMs(): number | undefined {
    return this.#firstMs === Number.POSITIVE_INFINITY ? undefined : this.#firstMs;
  }

  get lastMs(): number | undefined {
    return this.#lastMs === Number.NEGATIVE_INFINITY ? undefined : this.#lastMs;
  }

  add(atMs: number, bad: boolean): void {
    this.#addTo(atMs, 1, bad ? 1 : 0);
  }

  addAll(timeline: Timeline): this {
    while (this.#widthMs < timeline.widthMs) this.#widen();
    for (const bin of timeline.bins) this.#addTo(bin.startMs, bin.entries, bin.bad);
    return this;
  }

  timeline(): Timeline {
    const bins = [...this.#bins].sort(([a], [b]) => a - b);
    return {
      widthMs: this.#widthMs,
      bins: bins.map(([index, bin]) => ({ startMs: index * this.#widthMs, ...bin })),
    };
  }

  #addTo(atMs: number, entries: number, bad: number): void {
    if (!Number.isFinite(atMs)) return;
    if (atMs < this.#firstMs) this.#firstMs = atMs;
    if (atMs > this.#lastMs) this.#lastMs = atMs;
    while (this.#indexOf(this.#lastMs) - this.#indexOf(this.#firstMs) >= BINS_MAX) this.#widen();
    const index = this.#indexOf(atMs);
    const bin = this.#bins.get(index);
    if (bin === undefined) {
      this.#bins.set(index, { entries, bad });
    } else {
      bin.entries += entries;
      bin.bad += bad;
    }
  }

  #indexOf(ms: number): number {
    return Math.floor(ms / this.#widthMs);
  }

  #widen(): void {
    this.#widthMs *= 2;
    const narrow = this.#bins;
    this.#bins = new Map();
    for (const [index, { entries, bad }] of narrow) {
      const half = Math.floor(index / 2);
      const bin = this.#bins.get(half) ?? { entries: 0, bad: 0 };
      this.#bins.set(half, { entries: bin.entries + entries, bad: bin.bad + bad });
    }
  }
}
