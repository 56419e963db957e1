import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { systemsAmong } from "../../../src/cli/choose.ts";
import { createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { counterActor } from "../../support/counter.ts";
import { credentialsLogin, hasOpenssl, testServer, tlsFiles } from "../../support/nats-server.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

it("--creds logs in with a credentials file, and without it the user is refused", async () => {
  const { config, credentials } = credentialsLogin();
  const credentialsFile = join(terminal.folder, "bow.creds");
  await writeFile(credentialsFile, credentials);
  await using server = await testServer({ config });
  await using system = await createSystem({
    name: "fleet",
    servers: server.url,
    connection: { credentialsFile },
  });
  await system.spawn("crew", counterActor);
  const named = ["tree", "--servers", server.url];
  const { stdout, code } = await output(terminal.coxswain([...named, "--creds", credentialsFile]));
  expect(code).toBe(0);
  expect(stdout).toContain("└─ crew  counter@1.2");
  const refused = await output(terminal.coxswain(named));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("PERMISSION_DENIED");
});

it.skipIf(!(await hasOpenssl()))("--ca trusts the server's authority, and no other", async () => {
  await using files = await tlsFiles();
  await using server = await testServer({ config: files.config() });
  const doctor = (ca: string) => output(terminal.coxswain(["doctor", "--servers", server.url, "--ca", ca]));
  expect((await doctor(files.caFile)).code).toBe(0);
  const strange = await doctor(files.strangersCaFile);
  expect(strange.code).toBe(1);
  expect(strange.stdout).toMatch(/✗ connection .*certificate/);
});

it("with several systems on a server asks for one by name", async () => {
  await using server = await testServer();
  await using _bow = await createSystem({ name: "bow", servers: server.url });
  await using _stern = await createSystem({ name: "stern", servers: server.url });
  const ps = (...more: string[]) => output(terminal.coxswain(["ps", "--servers", server.url, ...more]));
  const unnamed = await ps();
  expect(unnamed.code).toBe(2);
  expect(unnamed.stderr).toMatch(/Several systems .* --system: bow, stern/);
  expect((await ps("--system", "stern")).stdout).toContain("system stern at");
  const unknown = await ps("--system", "strn");
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/No system "strn" .*there are: bow, stern/);
  const env = { NATS_URL: server.url, COXSWAIN_SYSTEM: "bow" };
  expect((await output(terminal.coxswain(["ps"], { env }))).stdout).toContain("system bow at");
});

it("with several embedded servers asks for one by URL", async () => {
  const servers = [terminal.coxswain(["server"]), terminal.coxswain(["server"])];
  const urls = await Promise.all(servers.map(async (server) => (await server.said(/nats:\S+:\d+/))[0]));
  const { stderr, code } = await output(terminal.coxswain(["ps"]));
  expect(code).toBe(2);
  for (const url of urls) expect(stderr).toContain(`--servers ${url}`);
});

it.each([
  { buckets: ["fleet", "fleet_hosts"], systems: ["fleet"] },
  { buckets: ["fleet", "fleet_agents", "fleet_hosts", "port", "port_hosts"], systems: ["fleet", "port"] },
  { buckets: ["our_hosts", "our_hosts_hosts"], systems: ["our_hosts"] },
  { buckets: ["our", "our_hosts", "our_hosts_hosts"], systems: ["our", "our_hosts"] },
  { buckets: [], systems: [] },
])("buckets $buckets are those of the systems $systems", ({ buckets, systems }) => {
  expect(systemsAmong(new Set(buckets))).toEqual(systems);
});
