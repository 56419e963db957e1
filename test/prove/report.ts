import { promises } from "./checker/finding.ts";
import { grouped } from "./checker/sends.ts";
import type { Report } from "./prove.ts";

/** Findings told in full, of each promise. */
const toldMax = 10;

export function asText(report: Report): string {
  const { options, counts, faults, skipped, findings, problems, settledMs, folder } = report;
  const kinds = [...grouped(faults, ({ kind }) => kind)].map(([kind, all]) => `${kind} ${all.length}`);
  const lines = [
    `seed ${options.seed}, ${options.servers} server(s), ${options.nodes} nodes, ${options.scenarios.join(", ")}`,
    `faults: ${faults.length === 0 ? "none" : kinds.sort().join(", ")}`,
    ...skipped.map((why) => `not carried out: ${why}`),
    `${counts.sent} sent: ${counts.taken} taken, ${counts.refused} refused, ${counts.unknown} unknown; ${counts.tries} asked again`,
    `settled ${Math.round(settledMs)} ms after all was healed`,
    ...problems.map((problem) => `PROBLEM: ${problem}`),
  ];
  for (const [promise, all] of grouped(findings, (finding) => finding.promise)) {
    lines.push(`BROKEN, ${all.length} times: ${promises[promise as keyof typeof promises]} (${promise})`);
    for (const { actor, says } of all.slice(0, toldMax)) lines.push(`  ${actor}: ${says}`);
    if (all.length > toldMax) lines.push(`  … and ${all.length - toldMax} more`);
  }
  if (findings.length === 0 && problems.length === 0) lines.push("Nothing was found.");
  if (folder !== undefined) lines.push(`kept: ${folder}`);
  return `${lines.join("\n")}\n`;
}
