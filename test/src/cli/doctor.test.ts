import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Finding, nodeFinding } from "../../../src/cli/doctor.ts";
import { type ActorDefinition, type ActorSystem, createSystem } from "../../../src/index.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { eachServerVersion, testCluster, testServer } from "../../support/nats-server.ts";
import { accountActor, bank, plainWorld } from "../durable/bank.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

async function examine(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; of: (what: string) => Finding | undefined; findings: readonly Finding[] }> {
  const { stdout, stderr, code } = await output(terminal.coxswain(["doctor", "--json", ...args], { env }));
  expect(stderr).toBe("");
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  return { code, findings, of: (name) => findings.find(({ what }) => what === name) };
}

describe("doctor", () => {
  it.each(eachServerVersion)("says what a server %s is, and what it proves", async (version) => {
    await using server = await testServer({ version });
    const { code, of } = await examine(["--servers", server.url]);
    expect(code).toBe(0);
    expect(of("node")?.says).toContain(process.versions.node);
    expect(of("version")).toMatchObject({ state: "fine", says: expect.stringContaining(version) });
    expect(of("JetStream")?.state).toBe("fine");
    expect(of("subjects")?.state).toBe("fine");
    expect(of("store")?.state).toBe("fine");
    expect(of("survives process")).toMatchObject({ state: "fine", says: expect.stringMatching(/^yes: /) });
    expect(of("survives node")).toMatchObject({ state: "note", says: expect.stringMatching(/^no: /) });
    expect(of("survives power")?.remedy).toBeDefined();
    expect(of("proven level")).toMatchObject({
      state: "fine",
      says: expect.stringMatching(/^process \(streams kept once\); not proof against: node/),
      remedy: expect.any(String),
    });
  });

  it("says what is stated as that, and never as proved", async () => {
    await using server = await testServer();
    const stated = await examine(["--servers", server.url, "--sync", "always"]);
    expect(stated.of("proven level")?.says).toMatch(/^process .*not known: power$/);
    expect(stated.of("stated")?.says).toMatch(/^Stated by you, not proved: .*outlives a power cut$/);
    const known = await examine(["--sync", "always"]);
    expect(known.of("proven level")?.says).toMatch(/^process .*not proof against: node, power$/);
    expect(known.of("stated")?.says).toMatch(/^Stated by you, and not so: .*does every second$/);
    const { code, stderr } = await output(terminal.coxswain(["doctor", "--sync", "never"]));
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Expected --sync always"),
    });
  });

  it("judges the replicas that the system's streams have", async () => {
    await using cluster = await testCluster();
    const connection = { replicas: 3 };
    await using system = await createSystem({ name: "fleet", servers: cluster.urls, connection });
    await system.drain();
    const level = async (...more: string[]) =>
      (await examine(["--servers", cluster.urls.join(), ...more])).of("proven level")?.says;
    expect(await level("--system", "fleet")).toMatch(/^node \(streams kept 3 times\); not known: power$/);
    expect(await level()).toMatch(/^node /);
    expect(await level("--replicas", "1")).toMatch(/^process \(streams kept once\)/);
  });

  it("says which types that no node serves any more keep others from being held", async () => {
    await using server = await testServer();
    const found = async () =>
      (await examine(["--servers", server.url, "--system", "fleet"])).of("durable agents");
    const of = (actors: Record<string, ActorDefinition>) =>
      createSystem({ name: "fleet", servers: server.url, leaseMs: 600, actors });
    const account = accountActor(plainWorld([]));
    const before = await of({ account, purse: account });
    const ask = (system: ActorSystem) =>
      Promise.all(
        ["account.one", "account.two"].map((to) =>
          system.ref(to, bank).ask({ type: "read" }, { withinMs: 10_000 }),
        ),
      );
    await ask(before);
    expect(await found()).toMatchObject({
      state: "fine",
      says: expect.stringMatching(/^2 types; every shard/),
    });
    await before.drain();
    expect(await found()).toMatchObject({
      state: "note",
      says: expect.stringContaining("no node hosts any now"),
    });
    await using _after = await of({ account });
    expect(await found()).toMatchObject({
      state: "missing",
      says: expect.stringMatching(/^16 shards of group main can be held by nobody/),
      remedy: expect.stringContaining("a node that serves purse at version 1 or newer"),
    });
  });

  it("without a server starts one for the moment, and says so", async () => {
    const { code, of } = await examine([]);
    expect(code).toBe(0);
    expect(of("binary")?.says).toContain("(NATS_SERVER_BIN)");
    expect(of("server")?.says).toContain("embedded one, as createSystem starts it");
    expect(of("survives power")?.says).toContain("flushes to disk every second");
  });

  it("misses JetStream where a server has none", async () => {
    const config = 'authorization { users: [{ user: "bow", password: "p" }] }\njetstream: disabled\n';
    await using server = await testServer({ config });
    const { code, of } = await examine(["--servers", server.url.replace("//", "//bow:p@")]);
    expect(code).toBe(1);
    expect(of("JetStream")).toMatchObject({ state: "missing", remedy: expect.stringContaining("-js") });
    expect(of("store")).toBeUndefined();
    expect(of("server")?.says).not.toContain("bow:p");
  });

  it("names the subjects that a user may not use", async () => {
    const permissions = {
      publish: ["cx.fleet.in.stern.>", "cx.fleet.re.>", "cx.fleet.ctl.>", "$JS.API.>", "$KV.>"],
      subscribe: [">"],
    };
    const users = [{ user: "bow", password: "p", permissions }];
    await using server = await testServer({ config: { authorization: { users } } });
    const url = server.url.replace("//", "//bow:p@");
    const { code, of } = await examine(["--servers", url, "--system", "fleet", "--zone", "main"]);
    expect(code).toBe(1);
    expect(of("subjects")).toMatchObject({ state: "missing" });
    expect(of("subjects")?.says).toMatch(/publish cx\.fleet\.in\.main\.doctor-/);
    expect(of("subjects")?.says).toMatch(/publish cx\.fleet\.ev\.doctor-/);
    expect(of("subjects")?.says).not.toMatch(/cx\.fleet\.(re|ctl)\./);
    expect(of("store")?.state).toBe("fine");
    const inZone = await examine(["--servers", url, "--system", "fleet", "--zone", "stern"]);
    expect(inZone.of("subjects")?.says).not.toContain("fleet.in.");
  });

  it("misses what it cannot connect to, with what to do", async () => {
    await using server = await testServer({ config: { authorization: { token: "t" } } });
    const refused = await examine(["--servers", server.url]);
    expect(refused.code).toBe(1);
    expect(refused.of("connection")).toMatchObject({
      state: "missing",
      remedy: expect.stringContaining("--creds"),
    });
    const gone = await examine(["--servers", "nats://127.0.0.1:1"]);
    expect(gone.code).toBe(1);
    expect(gone.of("connection")?.remedy).toContain("start that server");
  });

  it("misses a binary that NATS_SERVER_BIN names wrongly", async () => {
    const { code, of, findings } = await examine([], { NATS_SERVER_BIN: "/nowhere/nats-server" });
    expect(code).toBe(1);
    expect(of("binary")?.says).toContain("/nowhere/nats-server");
    expect(findings).toHaveLength(2);
  });

  it("prints for people what is missing at the end", async () => {
    const { stdout, code } = await output(terminal.coxswain(["doctor", "--servers", "nats://127.0.0.1:1"]));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✓ node /);
    expect(stdout).toMatch(/\n✗ connection .+\n +→ start that server/);
    expect(stdout).toMatch(/\nMissing: connection\.\n$/);
  });
});

it("a Node that is too old is missing, one without TypeScript is told of it", () => {
  expect(nodeFinding("18.20.0", undefined).state).toBe("missing");
  expect(nodeFinding("20.18.1", undefined).state).toBe("missing");
  expect(nodeFinding("20.19.0", undefined)).toMatchObject({
    state: "fine",
    says: expect.stringContaining("22.18"),
  });
  expect(nodeFinding("24.0.0", "strip").says).toContain("runs TypeScript");
});

it("setup says where a binary is that is here already", async () => {
  const { stdout, stderr, code } = await output(terminal.coxswain(["setup"]));
  expect(code).toBe(0);
  expect(stdout).toMatch(/\/nats-server\n$/);
  expect(stderr).toMatch(/nats-server \d+\.\d+\.\d+ \(NATS_SERVER_BIN\)/);
});
