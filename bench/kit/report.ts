import type { MachineFacts } from "./machine.ts";
import type { MeasuredCase, MeasuredFigure, MeasuredRatio } from "./measure.ts";
import type { Spread } from "./statistics.ts";

export interface Results {
  readonly machine: MachineFacts;
  readonly quick: boolean;
  readonly cases: readonly MeasuredCase[];
}

/** A row of the printed table: side, median, min to max, ratios. */
type Row = readonly [side: string, median: string, range: string, ratios: string];

export function machineLine({ machine, quick }: Results): string {
  const { cpu, cores, memoryGb, node, server, startedAt } = machine;
  const hint = quick ? "; quick run: the figures mean little" : "";
  return `${cpu}, ${cores} cores, ${memoryGb} GB; Node ${node}, nats-server ${server}; ${startedAt}${hint}`;
}

/** The results as aligned text for a terminal. */
export function asText(results: Results): string {
  const blocks = results.cases.flatMap((one) => [`\n${heading(one)}`, ...one.figures.map(textTable)]);
  return [machineLine(results), ...blocks].join("\n");
}

/** The results as Markdown tables. */
export function asMarkdown(results: Results): string {
  const lines = [machineLine(results), ""];
  for (const one of results.cases) {
    lines.push(`**${heading(one)}**`, "");
    for (const figure of one.figures) {
      lines.push(`| ${figure.title} | median | min – max | ratio, round by round (min – max) |`);
      lines.push("|---|---:|---:|---|");
      for (const row of rowsOf(figure)) lines.push(`| ${row.join(" | ")} |`);
      lines.push("");
    }
  }
  return lines.join("\n");
}

/** Every wanted ratio or bound that was not reached. */
export function missed(results: Results): string[] {
  return results.cases.flatMap((one) =>
    one.figures.flatMap((figure) => [
      ...figure.ratios
        .filter(({ met }) => met === false)
        .map((ratio) => `${one.workload} ${one.title}, ${figure.title}: ${ratioText(ratio)}`),
      ...figure.sides
        .filter(({ met }) => met === false)
        .map(
          ({ side, spread }) =>
            `${one.workload} ${one.title}, ${figure.title}: ${side} ${amount(spread.median, figure.unit)}`,
        ),
    ]),
  );
}

function heading({ workload, title, rounds, calm }: MeasuredCase): string {
  const load = `load ${calm.load.toFixed(1)}, integer loop ${Math.round(calm.loopMs)} ms`;
  return `${workload} ${title} (${rounds} rounds, ${load})`;
}

function rowsOf({ sides, ratios, unit }: MeasuredFigure): Row[] {
  return sides.map(({ side, spread, met }) => [
    side,
    `${amount(spread.median, unit)}${met === undefined ? "" : met ? " ✓" : " ✗"}`,
    `${amount(spread.min, unit)} – ${amount(spread.max, unit)}`,
    ratios
      .filter(({ subject }) => subject === side)
      .map(ratioText)
      .join("; "),
  ]);
}

function ratioText({ subject, against, ratio, atLeast, atMost, met }: MeasuredRatio): string {
  const wanted = atLeast === undefined ? (atMost === undefined ? "" : `≤ ${atMost}`) : `≥ ${atLeast}`;
  const verdict = met === undefined ? "" : met ? `, wanted ${wanted} ✓` : `, wanted ${wanted} ✗`;
  void subject;
  return `${times(ratio)} ${against}${verdict}`;
}

function times({ median, min, max }: Spread): string {
  return `${median.toFixed(2)}× (${min.toFixed(2)} – ${max.toFixed(2)})`;
}

function textTable(figure: MeasuredFigure): string {
  const rows: Row[] = [[figure.title, "median", "min – max", ""], ...rowsOf(figure)];
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const [first, second, third] = [width(0), width(1), width(2)];
  return rows
    .map(([side, median, range, ratios]) =>
      `  ${side.padEnd(first)}  ${median.padStart(second)}  ${range.padStart(third)}  ${ratios}`.trimEnd(),
    )
    .join("\n");
}

function amount(value: number, unit: string): string {
  if (unit === "×") return value.toFixed(2);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return unit === "/s" ? `${text}/s` : `${text} ${unit}`;
}
