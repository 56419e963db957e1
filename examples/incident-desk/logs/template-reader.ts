import { addOne, clip } from "./bounded.ts";
import { Drain } from "./drain.ts";
import { OomCounter } from "./kernel-facts.ts";
import { isSevere, lineShape } from "./line-shape.ts";
import { commonMasks, foldVariables, mask } from "./masks.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";
import {
  type LinePlace,
  selectTemplates,
  type TemplateFacts,
  type TemplateRow,
  unknownLogDrain,
  WINDOW_LINES,
  WINDOW_MS,
} from "./template-facts.ts";
import type { LeadingTime } from "./timestamp.ts";

const TEXT_CHARS_MAX = 200;
const MESSAGE_CHARS_MAX = 2_000;

interface GroupNotes {
  level?: string;
  first: LinePlace;
  last: LinePlace;
  /** The window its last line is in, and what it had there so far. */
  window: number;
  inWindow: TemplateRow["peak"];
  peak: TemplateRow["peak"];
}

/** Mines the templates of a log nobody has a reader for, and finds the kernel's OOM kills in it all the same. */
export class TemplateReader implements LogReader<TemplateFacts> {
  readonly #notes = new ReaderNotes();
  readonly #drain = new Drain(unknownLogDrain);
  readonly #groups: GroupNotes[] = [];
  readonly #oom = new OomCounter();
  readonly #byLevel: Record<string, number> = {};
  #entries = 0;
  /** Whether the times of the log have a date; undefined until one was read. */
  #isAbsolute: boolean | undefined;
  #window = Number.NaN;
  #windows = 0;

  take(line: string): void {
    if (line.trim() === "") return;
    this.#entries += 1;
    this.#oom.take(line);
    const { time, level, message } = lineShape(line);
    if (level !== undefined) addOne(this.#byLevel, level);
    const atMs = time?.absolute === true ? time.ms : undefined;
    this.#notes.seen(atMs, isSevere(level));
    this.#moveWindow(time);
    const group = this.#drain.add(foldVariables(mask(beginning(message), commonMasks)));
    if (group === undefined) return;
    const kept = line.length > 2 * TEXT_CHARS_MAX ? clip(line, TEXT_CHARS_MAX) : line;
    this.#note(group.id, { line: this.#entries, text: kept, ...(atMs !== undefined && { atMs }) }, level);
  }

  end(): void {
    this.#oom.end();
  }

  facts(): TemplateFacts {
    const unit = this.#isAbsolute === undefined ? "1000 lines" : "minute";
    const rows = this.#drain.groups.map((group) =>
      this.#row(group.id, group.template.join(" "), group.count),
    );
    const { templates, left } = selectTemplates(rows, this.#entries, this.#windows);
    return {
      kind: "templates",
      entries: this.#entries,
      groups: this.#drain.groups.length,
      templates,
      others: { groups: left.groups, count: left.count + this.#drain.ungrouped },
      byLevel: { ...this.#byLevel },
      windows: { unit, count: this.#windows },
      oom: this.#oom.facts(),
    };
  }

  get malformed() {
    return this.#notes.malformed;
  }

  get time() {
    return this.#notes.time;
  }

  #note(id: number, place: LinePlace, level: string | undefined): void {
    const { text: _, ...at } = place;
    const known = this.#groups[id];
    if (known === undefined) {
      const peak = { count: 1, ...at };
      const named = level === undefined ? {} : { level };
      this.#groups[id] = { ...named, first: place, last: place, window: this.#window, inWindow: peak, peak };
      return;
    }
    known.last = place;
    if (known.window !== this.#window) known.inWindow = { count: 0, ...at };
    known.window = this.#window;
    known.inWindow = { ...known.inWindow, count: known.inWindow.count + 1 };
    if (known.inWindow.count > known.peak.count) known.peak = known.inWindow;
  }

  /** Moves to the window a line is in: that of its time, or of its number while no time was read. */
  #moveWindow(time: LeadingTime | undefined): void {
    if (time !== undefined) this.#isAbsolute ??= time.absolute;
    const isTimed = this.#isAbsolute !== undefined;
    // A line without a time, or with one of another kind, was written when the one before it was.
    if (isTimed && time?.absolute !== this.#isAbsolute) return;
    const window = Math.floor(isTimed ? (time?.ms ?? 0) / WINDOW_MS : this.#entries / WINDOW_LINES);
    if (window === this.#window) return;
    this.#window = window;
    this.#windows += 1;
  }

  #row(id: number, template: string, count: number): TemplateRow {
    const { level, first, last, peak } = this.#groups[id] as GroupNotes;
    return {
      template: clip(template, 500),
      count,
      ...(level !== undefined && { level }),
      first: shown(first),
      last: shown(last),
      peak,
      isRare: false,
      isBurst: false,
    };
  }
}

/** As much of a message as is looked at, cut between words. */
function beginning(message: string): string {
  if (message.length <= MESSAGE_CHARS_MAX) return message;
  const space = message.lastIndexOf(" ", MESSAGE_CHARS_MAX);
  return message.slice(0, space === -1 ? MESSAGE_CHARS_MAX : space);
}

function shown(place: LinePlace): LinePlace {
  return { ...place, text: clip(place.text, TEXT_CHARS_MAX) };
}
