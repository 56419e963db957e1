import { shownBytes, shownMs } from "../logs/finding.ts";
import { bucketLimitsMs, type Histogram, quantileAtMostMs, type Timeline } from "../logs/index.ts";
import { oneLine, shownCount } from "../text.ts";
import { html, type Markup } from "./markup.ts";

const WIDTH = 460;

type Tone = "critical" | "warning" | "plain";

interface Bar {
  readonly label: string;
  readonly count: number;
  readonly tone?: Tone;
}

/** Bars a chart shows: what comes after is in report.json. */
const BARS_MAX = 10;

/** Horizontal bars, the labels before and the numbers behind them; nothing where there are none. */
export function barsOf(
  title: string,
  rows: readonly (Bar | { readonly key: string; readonly count: number })[],
): Markup | undefined {
  if (rows.length === 0) return undefined;
  const shown = rows.slice(0, BARS_MAX).map((row): Bar => ("key" in row ? { ...row, label: row.key } : row));
  const most = Math.max(1, ...shown.map(({ count }) => count));
  const row = { height: 22, labelWidth: 150, numberWidth: 70 };
  const room = WIDTH - row.labelWidth - row.numberWidth;
  const drawn = shown.map(({ label, count, tone = "plain" }, i) => {
    const y = i * row.height;
    const width = count === 0 ? 0 : Math.max(1.5, (count / most) * room);
    return html`<g><title>${label}: ${shownCount(count)}</title>
<text class="label" x="${row.labelWidth - 10}" y="${y + 15}" text-anchor="end">${oneLine(label, 19)}</text>
<rect class="${tone}" x="${row.labelWidth}" y="${y + 4}" width="${fixed(width)}" height="14" rx="2"/>
<text class="number" x="${fixed(row.labelWidth + width + 7)}" y="${y + 15}">${shownCount(count)}</text></g>`;
  });
  const said = shown.map(({ label, count }) => `${label} ${shownCount(count)}`).join(", ");
  return figure(title, said, shown.length * row.height, drawn);
}

/** Gives levels that mean trouble their colour, whatever the log calls them. */
export function toned(row: Bar): Bar {
  const isCritical = /^(?:ERR|SEVERE|CRIT|FTL|FATAL|PANIC|ALERT|EMERG|FAILURE)/i.test(row.label);
  const isWarning = /^(?:WARN|WRN)/i.test(row.label);
  return { ...row, tone: isCritical ? "critical" : isWarning ? "warning" : "plain" };
}

/** Durations as columns, shortest left; a step is 1, 2 or 5 times a power of ten. */
export function durations(title: string, histogram: Histogram): Markup | undefined {
  if (histogram.count === 0) return undefined;
  const first = histogram.buckets.findIndex((count) => count > 0);
  const last = histogram.buckets.findLastIndex((count) => count > 0);
  const shown = histogram.buckets.slice(first, last + 1);
  const most = Math.max(...shown);
  const height = 110;
  const step = Math.min(56, WIDTH / shown.length);
  // A label needs some 46 units: where columns are narrower, not every one gets its own.
  const labelEvery = Math.ceil(46 / step);
  const drawn = shown.map((count, i) => {
    const limitMs = bucketLimitsMs[first + i];
    const label = limitMs === undefined ? "more" : `≤ ${shownMs(limitMs)}`;
    const tall = count === 0 ? 0 : Math.max(1.5, (count / most) * 76);
    const middle = fixed(i * step + step / 2);
    return html`<g><title>${label}: ${shownCount(count)}</title>
<rect class="plain" x="${fixed(i * step + 2)}" y="${fixed(92 - tall)}" width="${fixed(step - 4)}" height="${fixed(tall)}" rx="1"/>
${count > 0 && html`<text class="number small" x="${middle}" y="${fixed(88 - tall)}" text-anchor="middle">${shownCount(count)}</text>`}
${i % labelEvery === 0 && html`<text class="label small" x="${middle}" y="106" text-anchor="middle">${label}</text>`}</g>`;
  });
  const half = quantileAtMostMs(histogram, 0.5) ?? 0;
  const most95 = quantileAtMostMs(histogram, 0.95) ?? 0;
  const meanMs = histogram.sumUs / 1_000 / histogram.count;
  const said = `${shownCount(histogram.count)} in all: half within ${shownMs(half)}, 95 % within ${shownMs(most95)}, mean ${shownMs(meanMs)}, longest ${shownMs(histogram.maxMs)}`;
  return figure(
    title,
    said,
    height,
    [...drawn, html`<line x1="0" x2="${WIDTH}" y1="92.5" y2="92.5"/>`],
    said,
  );
}

/** Entries over time, those that report an error in front. */
export function overTime(title: string, { widthMs, bins }: Timeline): Markup | undefined {
  const [first, last] = [bins[0], bins.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const places = Math.round((last.startMs - first.startMs) / widthMs) + 1;
  const step = Math.min(24, WIDTH / places);
  const most = Math.max(...bins.map(({ entries }) => entries));
  const column = (x: number, count: number, tone: string) => {
    const tall = Math.max(1.5, (count / most) * 58);
    const width = Math.max(2, step - (step > 3 ? 1 : 0));
    return html`<rect class="${tone}" x="${fixed(x)}" y="${fixed(72 - tall)}" width="${fixed(width)}" height="${fixed(tall)}"/>`;
  };
  const drawn = bins.map(({ startMs, entries, bad }) => {
    const x = Math.round((startMs - first.startMs) / widthMs) * step;
    const when = shownMoment(startMs);
    return html`<g><title>${when}: ${shownCount(entries)} entries, ${shownCount(bad)} errors</title>
${column(x, entries, "quiet")}${bad > 0 && column(x, bad, "critical")}</g>`;
  });
  const bad = bins.reduce((sum, bin) => sum + bin.bad, 0);
  const end = Math.max(places * step, 300);
  const axis = html`<line x1="0" x2="${fixed(end)}" y1="72.5" y2="72.5"/>
<text class="label small" x="0" y="88">${shownMoment(first.startMs)}</text>
<text class="label small" x="${fixed(end)}" y="88" text-anchor="end">${shownMoment(last.startMs + widthMs)}</text>
<text class="label small" x="0" y="9">at most ${shownCount(most)} in ${shownSpan(widthMs)}</text>`;
  const said = `${shownCount(bins.reduce((sum, bin) => sum + bin.entries, 0))} entries with a time, ${shownCount(bad)} of them errors`;
  return figure(title, said, 92, [...drawn, axis], said);
}

function figure(
  title: string,
  said: string,
  height: number,
  drawn: readonly Markup[],
  caption?: string,
): Markup {
  return html`<figure><figcaption>${title}${caption !== undefined && html` <span>${caption}</span>`}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}: ${said}">${drawn}</svg></figure>`;
}

/** A moment as the log's own day and time, in UTC. */
export function shownMoment(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "at an unknown time";
  return date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "");
}

/** A stretch of time in its largest fitting unit. */
export function shownSpan(ms: number): string {
  const units = [
    [86_400_000, "days"],
    [3_600_000, "hours"],
    [60_000, "minutes"],
  ] as const;
  const [unitMs, unit] = units.find(([unitMs]) => ms >= 2 * unitMs) ?? [1_000, "seconds"];
  return `${Number((ms / unitMs).toFixed(1))} ${unit}`;
}

export { shownBytes, shownMs };

function fixed(value: number): string {
  return String(Number(value.toFixed(2)));
}
