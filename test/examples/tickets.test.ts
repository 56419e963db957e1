import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("tickets answers now and later, refuses, asks, calls, and holds messages back", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("tickets.ts")]));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout.split("\n").filter((line) => !line.startsWith("ticket "))).toEqual([
    "hours: nine to five",
    "{ number: 1, words: 4 }",
    "{ number: 2, words: 2 }",
    "a ticket needs a text",
    "we are closed",
    "",
  ]);
  expect(stdout).toContain("ticket 1 was issued\n");
});
