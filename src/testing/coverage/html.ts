import type { Coverage, Figure } from "./coverage.ts";
import { drawingOf, escaped } from "./drawing.ts";
import { percent } from "./text.ts";

const style = `
:root { color-scheme: light; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1.5rem; color: #1f2328; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-top: 1px solid #d1d9e0; padding-top: 1rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem 1.2rem .3rem 0; font-variant-numeric: tabular-nums; }
th { font-weight: 600; } td.short { color: #b3261e; font-weight: 600; }
a { color: inherit; } code, li { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px; }
.drawing { overflow: auto; border: 1px solid #d1d9e0; border-radius: 6px; margin: 1rem 0; padding: .5rem; }
.key span { margin-right: 1.5rem; } .key .unseen { color: #b3261e; } .key .partly { color: #8a5a00; } .key .excused { color: #6e7781; }
svg text { font: 11px ui-monospace, Menlo, Consolas, monospace; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
svg .name { font-weight: 700; } svg .state { fill: #f0f8f2; stroke: #2f7d4f; stroke-width: 1.2; fill-opacity: .55; }
svg .state.unseen { fill: #fdeceb; stroke: #b3261e; stroke-dasharray: 5 3; } svg .state.excused { fill: #f3f4f6; stroke: #6e7781; }
svg .parallel { stroke-dasharray: 2 3; } svg .arrow { fill: none; stroke: #2f7d4f; stroke-width: 1.2; }
svg .arrow.unseen { stroke: #b3261e; stroke-dasharray: 5 3; } svg .arrow.partly { stroke: #8a5a00; } svg .arrow.excused { stroke: #6e7781; }
svg .head { fill: #2f7d4f; } svg .head.unseen { fill: #b3261e; } svg .head.partly { fill: #8a5a00; } svg .head.excused { fill: #6e7781; }
svg text.unseen { fill: #b3261e; } svg text.partly { fill: #8a5a00; } svg text.excused { fill: #6e7781; }
`.trim();

/** A page of its own with the figures of machines, what is missing, and each statechart: no network, no script. */
export function coverageHtml(
  coverages: Coverage | readonly Coverage[],
  title = "Coverage of machines",
): string {
  const all = [coverages].flat() as readonly Coverage[];
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>`,
    `<style>${style}</style></head>`,
    `<body><h1>${escaped(title)}</h1>`,
    "<table><thead><tr><th>machine</th><th>states</th><th>transitions</th><th>guards both ways</th></tr></thead><tbody>",
    ...all.map((coverage, n) => rowOf(coverage, n)),
    "</tbody></table>",
    '<p class="key"><span>seen</span><span class="partly">seen in part</span><span class="unseen">never seen (dashed)</span><span class="excused">excused</span></p>',
    ...all.map((coverage, n) => sectionOf(coverage, n)),
    "</body></html>",
    "",
  ].join("\n");
}

function rowOf({ machine, figures: { states, transitions, guards } }: Coverage, n: number): string {
  const cells = [states, transitions, guards].map(cellOf).join("");
  return `<tr><td><a href="#m${n}">${escaped(machine.id)}</a></td>${cells}</tr>`;
}

function cellOf({ seen, all, share }: Figure): string {
  return `<td${share < 1 ? ' class="short"' : ""}>${seen}/${all} (${percent(share)})</td>`;
}

function sectionOf(coverage: Coverage, n: number): string {
  const { machine, missing } = coverage;
  const items = missing.map(({ id }) => `<li>${escaped(id)}</li>`);
  const excused = coverage.all.flatMap(({ id }) => {
    const reason = coverage.reasonFor(id);
    return reason === undefined ? [] : [`<li>${escaped(id)}: ${escaped(reason)}</li>`];
  });
  const list = (heading: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `<p>${heading}</p><ul>${lines.join("")}</ul>`;
  return [
    `<section id="m${n}"><h2>${escaped(machine.id)}</h2>`,
    `<div class="drawing">${drawingOf(coverage)}</div>`,
    missing.length === 0 ? "<p>All of it was seen.</p>" : list("Never seen:", items),
    list("Excused:", excused),
    "</section>",
  ].join("\n");
}
