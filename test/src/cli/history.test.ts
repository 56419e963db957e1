import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { HistoryMoment } from "../../../src/durable/history/index.ts";
import { createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";
import { till, tillActor } from "../durable/history/till.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
  const tills = new URL("../durable/history/till.ts", import.meta.url).href;
  const module = (changes: string): string =>
    `import { tillActor } from ${JSON.stringify(tills)};\nexport const actors = { till: tillActor(${changes}) };\n`;
  await writeFile(join(terminal.folder, "tills.ts"), module(""));
  await writeFile(join(terminal.folder, "changed.ts"), module("{ share: 3 }"));
});
afterAll(() => terminal[Symbol.asyncDispose]());

it("history shows turns, the agent after one, a fork and the first difference, on a real server", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "shop",
    servers: server.url,
    node: "one",
    actors: { till: tillActor() },
  });
  const one = system.ref("till.one", till);
  for (const price of [1, 2]) await one.deliver({ type: "sell", price });
  await one.deliver({ type: "pay", sum: 1 });
  await expect.poll(async () => (await one.ask({ type: "read" })).state, { timeout: 20_000 }).toBe("open");
  await expect
    .poll(async () => (await system.history("till.one")).last, { timeout: 20_000 })
    .toBeGreaterThan(5);
  const history = (...args: string[]) =>
    output(terminal.coxswain(["history", "till/one", ...args, "--servers", server.url]));

  const listed = await history();
  expect(listed.code).toBe(0);
  expect(listed.stdout).toMatch(/^TURN +AT +FOR +STATE THEN +AND\n +1 +\S+ +its first +open\n/);
  expect(listed.stdout).toMatch(/\n +2 +\S+ +message sell +open +emitted sold\n/);
  expect(listed.stdout).toMatch(/\n +4 +\S+ +message pay +paying +began call \/0\.till\.paying\n/);
  expect(listed.stdout).toMatch(/\n +\d +\S+ +the result of call 4\.1 +open/);
  const some = await history("--from", "2", "--limit", "1", "--json");
  expect(JSON.parse(some.stdout)).toMatchObject({ turn: 2, cause: { type: "sell", body: { price: 1 } } });
  expect(some.stderr).toContain("turns 2 to 2 of 1 to");

  expect((await history("--at", "3")).stdout).toMatch(/message +\{"price":2\}\ncontext +\{"sum":3,/);
  const moment = await history("--at", "3", "--module", "tills.ts", "--json");
  expect(JSON.parse(moment.stdout) as HistoryMoment).toMatchObject({ state: "open", context: { sum: 3 } });

  expect(await history("--replay", "tills.ts")).toMatchObject({ code: 0, stderr: "" });
  const differs = await history("--replay", "changed.ts");
  expect(differs.code).toBe(1);
  expect(differs.stdout).toContain("turn 2, message sell:\n  context.sum\n    - 1\n    + 3\n");

  const forked = await history("--fork", "two", "--from", "3", "--module", "tills.ts");
  expect(forked).toMatchObject({ code: 0, stdout: "till.two goes on from turn 3 of till.one\n" });
  expect(await system.ref("till.two", till).ask({ type: "read" })).toMatchObject({ sum: 3, sales: 2 });
  expect(await history("--fork", "two", "--from", "3", "--module", "tills.ts")).toMatchObject({ code: 1 });
  expect(await history("--fork", "three")).toMatchObject({ code: 2 });
  expect((await history("--replay", "nowhere.ts")).stderr).toContain('There is no file "nowhere.ts"');
});
