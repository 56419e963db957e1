import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { readRules, ruleBook } from "../../../actors/index.ts";
import { authority } from "../../../machines/index.ts";
import { rulesText } from "../../../src/cli/rules.ts";
import { createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";

vi.setConfig({ testTimeout: 60_000 });

const { enterpriseData, hashOf } = authority;
let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(terminal.folder, name), text);
  return name;
};
const rules = (...args: string[]) => output(terminal.coxswain(["rules", ...args]));

it("rules shows who may delegate what to whom, on what conditions, and whom it asks otherwise", () => {
  const plain = (_: unknown, text: string) => text;
  const lines = rulesText(enterpriseData, hashOf(enterpriseData), 3, plain).split("\n");
  expect(lines[0]).toBe(`enterpriseData  is in force, version 3  ${hashOf(enterpriseData).slice(0, 12)}`);
  expect(lines.slice(-5)).toEqual([
    "  among_peers  PIPELINE_COLLABORATOR → PIPELINE_COLLABORATOR",
    "    tasks    code_review, schema_consultation, quality_validation, troubleshooting",
    "    if       peer_level true; data_workload <= 0.8; expertise_match >= 0.7",
    "    limits   cpu 5 cores, memory 20 GB, time 2 h",
    "    asks     stage_coordinator",
  ]);
  expect(lines.filter((line) => line.includes("approval"))).toEqual(["    approval required"]);
});

it("row 3: rules says what does not hold in a file, and where, and ends with 1", async () => {
  const shown = await rules(await file("wrong.yaml", "name: x\nrules:\n  - name: r\n    form: A\n"));
  expect(shown.code).toBe(1);
  expect(shown.stderr).toContain('wrong.yaml:4:5: unknown key "form"');
  expect(await rules("nowhere.yaml")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no such file"),
  });
  expect((await rules()).code).toBe(2);
});

it("row 3: rules --load puts a file in force on a running system, in place of the version that was looked at", async () => {
  await using server = await testServer();
  await using system = await createSystem({
    name: "galley",
    servers: server.url,
    actors: { rules: ruleBook },
  });
  const name = await file("rules.yaml", stringify(enterpriseData));
  const load = (...more: string[]) => rules(name, "--load", "--servers", server.url, ...more);
  expect(await load()).toMatchObject({ code: 0, stdout: expect.stringContaining("in force, version 1") });
  expect(await readRules(system, "enterpriseData")).toEqual({
    version: 1,
    hash: hashOf(enterpriseData),
    ruleSet: enterpriseData,
  });
  await file("rules.yaml", "name: enterpriseData\nrules: []\n");
  const late = await load("--expected", "7");
  expect(late).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Expected version 1, which is in force"),
  });
  const json = await load("--expected", "1", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 2, ruleSet: { rules: [] } });
  expect((await readRules(system, "enterpriseData")).version).toBe(2);
});

it("rules --load says that a system keeps no rules, instead of waiting for it", async () => {
  await using server = await testServer();
  await using _ = await createSystem({ name: "bare", servers: server.url });
  const shown = await rules(
    await file("rules.json", JSON.stringify(enterpriseData)),
    "--load",
    "--servers",
    server.url,
  );
  expect(shown).toMatchObject({ code: 1, stderr: "coxswain: System bare has no book of rules\n" });
});
