import type { Coverage, Figure } from "./coverage.ts";

/** Parts named in a text; the HTML report has them all. */
const namedMax = 40;

/** The figures of machines as a table, and below it what is missing: for a terminal. */
export function coverageText(coverages: Coverage | readonly Coverage[]): string {
  const all = [coverages].flat() as readonly Coverage[];
  const rows = [
    ["machine", "states", "transitions", "guards both ways"],
    ...all.map(({ machine, figures: { states, transitions, guards } }) => [
      machine.id,
      figureText(states),
      figureText(transitions),
      figureText(guards),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...table, ...all.flatMap(missingLines)].join("\n");
}

export function figureText({ seen, all, share }: Figure): string {
  return `${seen}/${all} ${percent(share)}`;
}

/** Rounded down: 100 % is nothing less. */
export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function missingLines({ machine, missing, wronglyExcused }: Coverage): string[] {
  const lines = missing.map(({ id }) => `  ${id}`);
  const named =
    lines.length > namedMax ? [...lines.slice(0, namedMax), `  and ${lines.length - namedMax} more`] : lines;
  return [
    ...(lines.length === 0 ? [] : ["", `never seen in ${machine.id}:`, ...named]),
    ...(wronglyExcused.length === 0
      ? []
      : ["", `excused in ${machine.id}, but seen or not there:`, ...wronglyExcused.map((id) => `  ${id}`)]),
  ];
}
