import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import type { FaultKind } from "./faults/fault-plan.ts";
import { optionsOf, type ProveOptions } from "./options.ts";
import { prove } from "./prove.ts";

/** Volatile agents on one node: there the harness itself is tried, for what it must and must not find. */
function volatileRun(faults: readonly FaultKind[], changes: Partial<ProveOptions> = {}) {
  const options = optionsOf(["--seed", "1", "--nodes", "1", "--seconds", "6"]) as ProveOptions;
  const chosen = { ...options, faults, volatile: true, patienceMs: 2_000, ...changes };
  return prove(chosen, () => {}, new AbortController().signal);
}

test("a run without faults finds nothing, and every message has an end", async () => {
  const report = await volatileRun([], { patienceMs: 30_000 });
  expect(report.findings).toEqual([]);
  expect(report.problems).toEqual([]);
  expect(report.counts.sent).toBeGreaterThan(100);
  expect(report.counts).toMatchObject({ taken: report.counts.sent, refused: 0, unknown: 0 });
}, 60_000);

test("a run in which the node of volatile agents is killed finds what was lost with it", async () => {
  const report = await volatileRun(["kill"], { gapMs: [1_000, 1_500] });
  expect(report.faults.length).toBeGreaterThan(0);
  const found = new Set(report.findings.map(({ actor, promise }) => `${promise} ${actor.split(".")[0]}`));
  expect([...found]).toEqual(expect.arrayContaining(["L counter", "T alarm", "L caller"]));
  await rm(report.folder ?? "", { recursive: true });
}, 60_000);
