import { coverageOf, coverageText, pathsOf } from "coxswain/testing";
import { expect, test } from "vitest";
import { work } from "./protocols.ts";
import { worker } from "./worker.ts";

test("the paths see all of the worker", () => {
  // #region coverage
  const coverage = coverageOf(worker).add(...pathsOf(worker, { protocol: work, input: { job: "a" } }));
  expect(coverage.figures.transitions.share, coverageText(coverage)).toBe(1);
  // #endregion
});
