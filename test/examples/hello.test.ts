import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("hello runs on a server of its own, tells, asks and listens", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("hello.ts")]));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain("asked: { count: 5 }\nheard: 2\nheard: 5\n");
});
