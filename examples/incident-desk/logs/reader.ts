import { clip } from "./bounded.ts";
import { type Timeline, TimelineCounter } from "./timeline.ts";

/** Lines a reader could not make sense of: how many, and the first few of them. */
export interface Malformed {
  count: number;
  samples: string[];
}

/** What the entries of a log say about time. */
export interface TimeFacts {
  /** Undefined where no entry has a date. */
  firstMs?: number;
  lastMs?: number;
  /** Entries over time, and those among them that report an error. */
  timeline: Timeline;
}

/** Reads a log piece by piece, a line or the text of a JSON object, and says at any time what it has found so far. */
export interface LogReader<F> {
  take(piece: string): void;
  /** Nothing more comes: whatever was held back for a next line counts now. */
  end(): void;
  facts(): F;
  readonly malformed: Malformed;
  readonly time: TimeFacts;
}

const SAMPLES_MAX = 5;

/** What every reader keeps besides its own facts. */
export class ReaderNotes {
  readonly malformed: Malformed = { count: 0, samples: [] };
  readonly #timeline = new TimelineCounter();

  misread(line: string): void {
    if (line.trim() === "") return;
    this.malformed.count += 1;
    if (this.malformed.samples.length < SAMPLES_MAX) this.malformed.samples.push(clip(line, 200));
  }

  seen(atMs: number | undefined, isBad: boolean): void {
    if (atMs !== undefined) this.#timeline.add(atMs, isBad);
  }

  get time(): TimeFacts {
    const { firstMs, lastMs } = this.#timeline;
    const range = firstMs === undefined || lastMs === undefined ? {} : { firstMs, lastMs };
    return { ...range, timeline: this.#timeline.timeline() };
  }
}

export function mergeMalformed(a: Malformed, b: Malformed): Malformed {
  return { count: a.count + b.count, samples: [...a.samples, ...b.samples].slice(0, SAMPLES_MAX) };
}

export function mergeTimes(a: TimeFacts, b: TimeFacts): TimeFacts {
  const firsts = [a.firstMs, b.firstMs].filter((ms) => ms !== undefined);
  const lasts = [a.lastMs, b.lastMs].filter((ms) => ms !== undefined);
  const range = firsts.length === 0 ? {} : { firstMs: Math.min(...firsts), lastMs: Math.max(...lasts) };
  return { ...range, timeline: new TimelineCounter().addAll(a.timeline).addAll(b.timeline).timeline() };
}
