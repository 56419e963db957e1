import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { exampleFile, openTerminal, output } from "../support/cli.ts";

it("a plain NATS client in another process tells, asks, and sees events and facts as JSON", async () => {
  const file = exampleFile("subscribe-with-nats.ts");
  expect(await readFile(file, "utf8")).not.toMatch(/from "coxswain/);
  await using terminal = await openTerminal();
  const tally = terminal.coxswain(["run", exampleFile("tally.ts")]);
  const [, url = ""] = await tally.said(/tally runs at (nats:\S+)/);

  const { stdout, stderr, code } = await output(terminal.node([file, url]));

  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain('reply {"count":5}\n');
  expect(stdout).toMatch(/refusal \{"code":"MESSAGE_INVALID"/);
  expect(stdout).toContain('cx.tally.ev.crew.bow.added {"count":2}\n');
  expect(stdout).toContain('cx.tally.ev.crew.bow.added {"count":5}\n');
  expect(stdout).toMatch(/cx\.tally\.ev\.crew\.bow\.refused \{.*"code":"MESSAGE_INVALID"/);
});
