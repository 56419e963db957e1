import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { CheckFinding } from "../../../src/cli/check/finding.ts";
import type { DryRun } from "../../../src/durable/versions/index.ts";
import { type ActorDefinition, createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";

vi.setConfig({ testTimeout: 90_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
  // A program has its libraries beside it, the same as ours.
  for (const name of ["xstate", "zod"]) {
    const installed = new URL(`../../../node_modules/${name}`, import.meta.url);
    await symlink(installed, join(terminal.folder, "node_modules", name));
  }
});
afterAll(() => terminal[Symbol.asyncDispose]());

const fromHere = (path: string): string => new URL(path, import.meta.url).href;

/** The module of a program at some version: its machine's states and what it says of them. */
async function program(name: string, states: string, more = ""): Promise<string> {
  const file = `${name}.ts`;
  await writeFile(
    join(terminal.folder, file),
    `import { defineActor } from ${JSON.stringify(fromHere("../../../src/index.ts"))};
import { defineProtocol, question } from ${JSON.stringify(fromHere("../../../protocols/index.ts"))};
import { reply } from ${JSON.stringify(fromHere("../../../machines/index.ts"))};
import { createMachine } from "xstate";
import { z } from "zod";
const accepts = { move: z.object({}), where: question(z.object({}), z.object({ ok: z.boolean() })) };
const protocol = defineProtocol({ name: "walking", accepts });
const machine = createMachine({
  id: "walker", context: { steps: 1 }, initial: "here", on: { where: { actions: reply(() => ({ ok: true })) } }, states: ${states},
});
export const actors = { walker: defineActor({ protocol, machine, durability: { ${more} } }) };
`,
  );
  return file;
}

const check = (...args: string[]) => output(terminal.coxswain(["check", ...args]));
const first = `{ here: { on: { move: "there" } }, there: {} }`;
const renamed = `{ here: { on: { move: "yonder" } }, yonder: {} }`;

it("a change is breaking without a version and its migration, and ends with 1; with them it does not", async () => {
  const released = await program("released", first);
  const unwritten = await check(released);
  expect(unwritten).toMatchObject({ code: 2, stderr: expect.stringContaining("no released state") });
  expect((await check(released, "--write")).code).toBe(0);
  const same = await check(released);
  expect(same).toMatchObject({ code: 0, stdout: "Nothing is different from what was released.\n" });

  const broken = await check(await program("broken", renamed));
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(
    /^type walker\n {2}✗ breaking +state `there` is gone\n {4}→ set its version to 2, and/,
  );
  expect(broken.stdout).toMatch(/\nBreaking: 1 changes/);
  const settled = await check(
    await program("settled", renamed, "version: 2, migrations: { 2: (s) => s }"),
    "--json",
  );
  expect(settled.code).toBe(0);
  expect(JSON.parse(settled.stdout).findings).toMatchObject([
    { of: "type walker", effect: "settled", says: "state `there` is gone" },
    { effect: "compatible", says: "state `yonder` is new" },
  ] satisfies Partial<CheckFinding>[]);

  const text = await readFile(join(terminal.folder, "coxswain.released.json"), "utf8");
  await writeFile(join(terminal.folder, "edited.json"), text.replaceAll('"there"', '"where"'));
  const edited = await check(released, "--released", "edited.json");
  expect(edited).toMatchObject({ code: 1, stderr: expect.stringContaining("was changed by hand") });
});

it("tries the migrations on stored agents, and says which would be refused and why", async () => {
  await using server = await testServer();
  const file = await program("stored", first);
  const { actors } = (await import(join(terminal.folder, file))) as { actors: { walker: ActorDefinition } };
  await using system = await createSystem({ name: "walk", servers: server.url, actors });
  const { protocol } = actors.walker;
  for (let n = 0; n < 70; n++) {
    const ref = system.ref(`walker.w${n}`, protocol);
    if (n % 7 === 0) await ref.deliver({ type: "move" } as never);
    await ref.ask({ type: "where" } as never);
  }
  await system.drain();
  const tried = async (states: string, more: string, ...args: string[]): Promise<[DryRun, number]> => {
    const released = ["--released", "stored.json"];
    await check(file, "--write", ...released);
    const module = await program("next", states, more);
    const { stdout, code } = await check(module, "--servers", server.url, "--json", ...released, ...args);
    return [JSON.parse(stdout).dryRuns[0], code];
  };
  const migration = `version: 2, migrations: { 2: (s) => ({ ...s, value: s.value === "there" ? "yonder" : s.value }) }`;
  expect(await tried(renamed, migration)).toEqual([
    { type: "walker", version: 2, sampled: 70, asTheyAre: 0, migrated: 70, refusals: [] },
    0,
  ]);
  const [forgetful, failed] = await tried(renamed, "version: 2, migrations: { 2: (s) => s }");
  expect(failed).toBe(1);
  expect(forgetful).toMatchObject({ sampled: 70, migrated: 60, refusals: [{ count: 10 }] });
  expect(forgetful.refusals[0]?.example.key).toMatch(/^walker\.w\d+$/);
  expect(forgetful.refusals[0]?.says).toContain("there");
  const [sampled] = await tried(renamed, migration, "--sample", "5");
  expect(sampled).toMatchObject({ sampled: 5, migrated: 5 });
  // What was, is known by what its nodes left in the store.
  const [kept, fine] = await tried(`{ here: {}, there: {}, third: {} }`, "");
  expect({ kept, fine }).toMatchObject({ kept: { sampled: 70, asTheyAre: 70 }, fine: 0 });
});

it("a module that exports no definitions is refused", async () => {
  await writeFile(join(terminal.folder, "none.ts"), "export const actors = { a: 1 };");
  expect(await check("none.ts")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('got "a", which is none'),
  });
  await writeFile(join(terminal.folder, "throws.ts"), 'throw new Error("not today");');
  expect(await check("throws.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining("not today") });
});
