import { expect, test } from "vitest";
import { shutsDown } from "../../../machines/supervision/auto-shutdown.ts";

test.each([
  ["never", true, 0, false],
  ["never", false, 0, false],
  ["any_significant", true, 3, true],
  ["any_significant", false, 3, false],
  ["all_significant", true, 1, false],
  ["all_significant", true, 0, true],
  ["all_significant", false, 0, false],
] as const)("autoShutdown %s, significant %s, %i others left: %s", (auto, significant, left, stops) => {
  expect(shutsDown(auto, significant, left)).toBe(stops);
});
