import { addCounts } from "./bounded.ts";
import { Drain } from "./drain.ts";
import { mergeOom, type OomFacts } from "./kernel-facts.ts";
import { isSevere } from "./line-shape.ts";

/** A line of the log, where it stands, and when it was written if that could be read. */
export interface LinePlace {
  line: number;
  text: string;
  atMs?: number;
}

export interface TemplateRow {
  /** Words that are the same in all lines of the group, `<*>` where they differ. */
  template: string;
  count: number;
  /** The level of its lines; of several, the one seen first. */
  level?: string;
  first: LinePlace;
  last: LinePlace;
  /** The most lines it had in one window, and where the first of them stands. */
  peak: { count: number; line: number; atMs?: number };
  isRare: boolean;
  isBurst: boolean;
}

export interface TemplateFacts {
  kind: "templates";
  entries: number;
  /** How many templates were found. */
  groups: number;
  /** The most frequent, and all that are rare or burst, as far as there is room; the most frequent first. */
  templates: TemplateRow[];
  /** Groups that did not fit into `templates`, and their lines; lines that fit into no group count too. */
  others: { groups: number; count: number };
  byLevel: Record<string, number>;
  windows: {
    /** A window is a minute where times could be read, else 1,000 lines. */
    unit: "minute" | "1000 lines";
    /** Windows in which the log has any line. */
    count: number;
  };
  oom: OomFacts;
}

export const WINDOW_MS = 60_000;
export const WINDOW_LINES = 1_000;
const RARE_COUNT_MAX = 3;
const RARE_ENTRIES_MIN = 1_000;
const BURST_COUNT_MIN = 10;
const BURST_FACTOR = 5;
const BURST_WINDOWS_MIN = 5;
const FREQUENT_MAX = 200;
const RARE_MAX = 100;
const BURST_MAX = 50;

/** Settings for logs of which nothing is known: three leading words, the component mostly among them, choose a leaf. */
export const unknownLogDrain = {
  depth: 6,
  similarityMin: 0.5,
  matchMasked: true,
  childrenMax: 100,
  groupsMax: 1_000,
  leafGroupsMax: 100,
  wordsMax: 128,
} as const;

/**
 * Marks what is rare and what bursts, and keeps what there is room for.
 *
 * - Rare: at most 3 lines, in a log of at least 1,000.
 * - Burst: at least 10 lines in one window, and at least 5 times the template's own average over all windows in which
 *   the log has any line, of which there must be at least 5.
 */
export function selectTemplates(
  rows: readonly TemplateRow[],
  entries: number,
  windows: number,
): { templates: TemplateRow[]; left: { groups: number; count: number } } {
  const marked = rows.map((row) => ({
    ...row,
    isRare: entries >= RARE_ENTRIES_MIN && row.count <= RARE_COUNT_MAX,
    isBurst:
      windows >= BURST_WINDOWS_MIN &&
      row.peak.count >= BURST_COUNT_MIN &&
      row.peak.count >= (BURST_FACTOR * row.count) / windows,
  }));
  const byCount = marked.toSorted((a, b) => b.count - a.count || a.first.line - b.first.line);
  const severeFirst = (row: TemplateRow) => (isSevere(row.level) ? 0 : 1);
  const rare = marked
    .filter((row) => row.isRare)
    .toSorted((a, b) => severeFirst(a) - severeFirst(b) || a.count - b.count);
  const bursts = marked.filter((row) => row.isBurst).toSorted((a, b) => b.peak.count - a.peak.count);
  const kept = new Set([
    ...byCount.slice(0, FREQUENT_MAX),
    ...rare.slice(0, RARE_MAX),
    ...bursts.slice(0, BURST_MAX),
  ]);
  const left = byCount.filter((row) => !kept.has(row));
  const count = left.reduce((sum, row) => sum + row.count, 0);
  return { templates: byCount.filter((row) => kept.has(row)), left: { groups: left.length, count } };
}

/** Joins two rows of one group; `b` is the later one. */
export function joinRows(a: TemplateRow, b: TemplateRow, template: string): TemplateRow {
  const level = a.level ?? b.level;
  return {
    template,
    count: a.count + b.count,
    ...(level !== undefined && { level }),
    first: a.first,
    last: b.last,
    peak: b.peak.count > a.peak.count ? b.peak : a.peak,
    isRare: false,
    isBurst: false,
  };
}

/**
 * Puts together what was found in two logs, or in two parts of one: templates of the one join those of the other by
 * Drain's own rule. Lines of `b` are counted on from those of `a`. Templates can come out otherwise than
 * from one pass over both, as they depend on the order of lines; counts cannot.
 */
export function mergeTemplates(a: TemplateFacts, b: TemplateFacts): TemplateFacts {
  const drain = new Drain(unknownLogDrain);
  const rows = new Map<number, TemplateRow>();
  for (const row of [...a.templates, ...b.templates.map((row) => movedBy(row, a.entries))]) {
    const group = drain.add(row.template, row.count);
    if (group === undefined) continue;
    const template = group.template.join(" ");
    const known = rows.get(group.id);
    rows.set(group.id, known === undefined ? { ...row, template } : joinRows(known, row, template));
  }
  const entries = a.entries + b.entries;
  const windows = a.windows.count + b.windows.count;
  const { templates, left } = selectTemplates([...rows.values()], entries, windows);
  const groups = a.others.groups + b.others.groups + left.groups;
  return {
    kind: "templates",
    entries,
    groups: templates.length + groups,
    templates,
    others: { groups, count: a.others.count + b.others.count + left.count + drain.ungrouped },
    byLevel: addCounts(a.byLevel, b.byLevel),
    windows: { unit: a.windows.unit === b.windows.unit ? a.windows.unit : "1000 lines", count: windows },
    oom: mergeOom(a.oom, b.oom),
  };
}

function movedBy(row: TemplateRow, lines: number): TemplateRow {
  return {
    ...row,
    first: { ...row.first, line: row.first.line + lines },
    last: { ...row.last, line: row.last.line + lines },
    peak: { ...row.peak, line: row.peak.line + lines },
  };
}
