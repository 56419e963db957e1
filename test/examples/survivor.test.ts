import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("survivor pays once, though the process that pays is killed in the middle", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("survivor.ts")]));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout.trimEnd().split("\n")).toEqual([
    "the order's process asks the bank, and is killed before it answers",
    "another process goes on with the order",
    "3 items paid, receipt 1; the bank was asked 2 times and booked 1",
  ]);
});
