import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("supervised restarts a reader after each line it does not know, gives up after too many, and reads all to the end", async () => {
  await using terminal = await openTerminal();
  const { stdout, stderr, code } = await output(terminal.node([exampleFile("supervised.ts")]));
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  const lines = stdout.split("\n");
  // The two branches of the tree go on beside each other.
  const factsOf = (branch: string): string[] =>
    lines
      .filter((line) => /^[a-z]+ /i.test(line) && line.includes(branch))
      .map((line) => line.split(",")[0] ?? "");
  expect(factsOf("desk.databases")).toEqual([
    "started    desk.databases.postgres",
    "started    desk.databases.mysql",
    "started    desk.databases.mysql",
    "restarted  desk.databases.mysql",
  ]);
  expect(factsOf("desk.messaging")).toEqual([
    "started    desk.messaging.nats",
    "started    desk.messaging.nats",
    "restarted  desk.messaging.nats",
    "gaveUp     desk.messaging",
    "escalated  desk.messaging",
    "started    desk.messaging.nats",
    "restarted  desk.messaging",
  ]);
  expect(stdout).toContain('after Error: expected / Id: +\\d+$/, got "…debian-sys-maint] @ localhost []"\n');
  const cells = lines.filter((line) => line.startsWith("│")).map((line) => line.match(/[\w.]+/g));
  expect(cells).toEqual([
    ["index", "restarts", "lines"],
    ["desk.databases", "0"],
    ["desk.messaging", "1"],
    ["desk.databases.postgres", "0", "12"],
    ["desk.databases.mysql", "1", "30"],
    ["desk.messaging.nats", "1", "17"],
  ]);
});
