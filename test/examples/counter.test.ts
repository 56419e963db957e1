import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("counter is told and asked on a server of its own", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("counter.ts")]));
  expect({ stdout, stderr, code }).toEqual({ stdout: "{ count: 5 }\n", stderr: "", code: 0 });
});
