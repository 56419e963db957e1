import type { Ranked, Row } from "../logs/index.ts";
import { oneLine, shownCount } from "../text.ts";
import { type Child, html, type Markup } from "./markup.ts";

export interface Column<R> {
  readonly head: string;
  readonly of: (row: R) => Child;
  /** Numbers stand right, code in a fixed-width face. */
  readonly kind?: "number" | "code";
}

/** Rows a table shows; what is beyond is counted below it, and stands in report.json. */
const ROWS_MAX = 15;

/** A table with its caption; nothing where it has no rows. */
export function table<R>(
  caption: string,
  columns: readonly Column<R>[],
  rows: readonly R[],
  { rowsMax = ROWS_MAX, others = 0 }: { readonly rowsMax?: number; readonly others?: number } = {},
): Markup | undefined {
  if (rows.length === 0) return undefined;
  const heads = columns.map(({ head, kind }) => html`<th scope="col" class="${kind ?? ""}">${head}</th>`);
  const body = rows.slice(0, rowsMax).map(
    (row) => html`<tr>${columns.map(({ of, kind }) => html`<td class="${kind ?? ""}">${of(row)}</td>`)}</tr>
`,
  );
  const more = Math.max(0, rows.length - rowsMax) + others;
  return html`<div class="table"><table><caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>${body}</tbody></table></div>
${more > 0 && html`<p class="more">and ${shownCount(more)} more${rows.length > rowsMax && ", in report.json"}</p>`}`;
}

/** What is shown of the facts of one kind of log. */
export interface Panels {
  readonly numbers: readonly Figure[];
  readonly charts: readonly Child[];
  readonly tables: readonly Child[];
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly tone?: "critical" | "warning" | undefined;
}

/** Single numbers beside each other. */
export function numbers(figures: readonly Figure[]): Markup {
  const shown = figures.map(
    ({ name, value, tone }) => html`<div class="${tone ?? ""}"><dt>${name}</dt><dd>${value}</dd></div>`,
  );
  return html`<dl class="numbers">${shown}</dl>`;
}

export function code(text: string, charsMax = 300): Markup {
  return html`<code>${oneLine(text, charsMax)}</code>`;
}

export function dash(text: string | undefined): string {
  return text ?? "–";
}

/** A record of counts, the largest first. */
export function sorted(counts: Readonly<Record<string, number>>): { label: string; count: number }[] {
  return Object.entries(counts)
    .map(([label, count]) => ({ label, count }))
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
}

/** Counted texts as a table. */
export function ranked(caption: string, head: string, { rows, others }: Ranked<Row>): Markup | undefined {
  return table<Row>(
    caption,
    [
      { head: "Count", of: ({ count }) => shownCount(count), kind: "number" },
      { head, of: ({ key }) => code(key === "" ? "not named" : key), kind: "code" },
    ],
    rows,
    { others: others.rows },
  );
}
