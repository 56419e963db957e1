import { expect, test } from "vitest";
import { readsVersion } from "../../protocols/index.ts";

test.each([
  ["1.0", "1.0"],
  ["1.0", "1.7"],
  ["1.7", "1.0"],
  ["12.3", "12.4"],
  ["1.0", "01.0"],
])("a reader of %s takes messages of %s: the same major", (ours, theirs) => {
  expect(readsVersion(ours, theirs)).toBe(true);
});

test.each([
  ["1.0", "2.0"],
  ["2.0", "1.9"],
  ["1.0", "10.0"],
  ["1.0", "1"],
  ["1.0", "1.0.0"],
  ["1.0", ""],
  ["1.0", "v1.0"],
  ["1.0", "1.0\n"],
  ["1.0", "1.x"],
  ["nonsense", "nonsense"],
])("a reader of %s does not take messages of %j", (ours, theirs) => {
  expect(readsVersion(ours, theirs)).toBe(false);
});
