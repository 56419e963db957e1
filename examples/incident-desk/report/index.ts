import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pageOf } from "./page.ts";
import type { Report } from "./report.ts";

export { pageOf, verdictOf } from "./page.ts";
export { type FollowUp, type Report, type RunFacts, rankedFindings, reportOf } from "./report.ts";

/** Writes `report.html` and `report.json` into a folder, which is made where there is none. */
export async function writeReport(
  report: Report,
  folder: string,
): Promise<{ readonly html: string; readonly json: string }> {
  await mkdir(folder, { recursive: true });
  const [page, json] = [join(folder, "report.html"), join(folder, "report.json")];
  await writeFile(page, pageOf(report));
  await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
  return { html: page, json };
}
