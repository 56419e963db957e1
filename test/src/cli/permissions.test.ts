import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectNats } from "../../../src/transport/nats.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";
import { connectionOf, password, usersOf } from "../permissions/harbour.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = {
  system: "shop",
  nodes: { desk: { hosts: ["desk"], sends: ["order"] }, yard: { hosts: { order: "history" } } },
} as const;
let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
  await writeFile(join(terminal.folder, "plan.ts"), `export const plan = ${JSON.stringify(plan)};`);
  await writeFile(join(terminal.folder, "none.ts"), "export const plan = { system: 1 };");
  await writeFile(
    join(terminal.folder, "wrong.ts"),
    'export const plan = { system: "shop", nodes: { desk: { sends: ["order"] } } };',
  );
});
afterAll(() => terminal[Symbol.asyncDispose]());

const run = (args: readonly string[], env = {}) =>
  output(terminal.coxswain(["permissions", ...args], { env }));

async function credentials(mode: number): Promise<string> {
  const file = join(terminal.folder, `users-${mode}.json`);
  const users = Object.fromEntries(usersOf(plan).map((user) => [user, { password: password(user) }]));
  await writeFile(file, JSON.stringify(users));
  await chmod(file, mode);
  return file;
}

it("prints what a server takes: on it the operator makes what the system keeps, and a node only finds it", async () => {
  const conf = await run(["plan.ts", "--users", await credentials(0o600)]);
  expect(conf).toMatchObject({ code: 0, stderr: "" });
  await using server = await testServer({ config: conf.stdout });
  const provisioned = await run(["plan.ts", "--provision", "--servers", server.url], {
    COXSWAIN_OPERATOR_PASSWORD: password("shop.operator"),
  });
  expect(provisioned.code).toBe(0);
  const names = [
    "cx_shop",
    "cx_shop_dead",
    "cx_shop_audit",
    "cx_shop_groups",
    "cx_shop_hosts",
    "cx_shop_agents",
    "cx_shop_box",
    "cx_shop_history_order",
  ];
  expect(provisioned.stderr.match(/\S+(?= is there)/g)).toEqual(names);
  const desk = await connectNats({ servers: server.url, ...connectionOf(plan, "desk") });
  expect(await desk.store.bucket("cx_shop")).toMatchObject({ kind: "ok" });
  expect(await desk.store.bucket("cx_shop_more")).toMatchObject({
    kind: "rejected",
    error: { code: "PERMISSION_DENIED" },
  });
  await desk.close();
  const asDesk = await run(["plan.ts", "--provision", "--servers", server.url], {
    COXSWAIN_OPERATOR_PASSWORD: "guessed",
  });
  expect(asDesk).toMatchObject({ code: 1, stderr: expect.stringContaining("PERMISSION_DENIED") });
  expect(asDesk.stderr).not.toContain("guessed");
});

it("without a password in its environment the server does not start", async () => {
  const { stdout } = await run(["plan.ts"]);
  await expect(testServer({ config: stdout })).rejects.toThrow(/COXSWAIN_PASSWORD_SHOP_/);
});

it("prints the lists alone as JSON, without a credential", async () => {
  const { stdout, code } = await run(["plan.ts", "--format", "json"]);
  expect(code).toBe(0);
  const users = JSON.parse(stdout) as { name: string; publish: string[] }[];
  expect(users.map(({ name }) => name)).toEqual(["desk", "yard", "operator"]);
  expect(users[0]?.publish).toContain("cx.shop.box.*.desk.order.>");
  expect(stdout).not.toMatch(/password|\$COX/i);
});

describe("what does not hold", () => {
  it("a file of passwords that others may read is refused", async () => {
    expect(await run(["plan.ts", "--users", await credentials(0o644)])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("chmod 600"),
    });
  });

  it.each([
    [[], 2, "Expected a module"],
    [["nowhere.ts"], 2, 'no file "nowhere.ts"'],
    [["none.ts"], 1, "to export a plan"],
    [["wrong.ts"], 2, '"order"'],
    [["plan.ts", "--format", "yaml"], 2, '"yaml"'],
    [["plan.ts", "--users", "nowhere.json"], 2, 'no file "nowhere.json"'],
  ] as const)("%j ends with %i and says %s", async (args, code, says) => {
    expect(await run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(says) });
  });
});
