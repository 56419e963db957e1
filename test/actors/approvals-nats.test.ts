import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { connect, JSONCodec } from "nats";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { approvalGate, decideApproval, pendingApprovals } from "../../actors/index.ts";
import { approval, delegation } from "../../protocols/index.ts";
import { createSystem } from "../../src/index.ts";
import type { EmbeddedServer } from "../../src/server/index.ts";
import { openTerminal, output, type Terminal } from "../support/cli.ts";
import { testServer } from "../support/nats-server.ts";
import { runProgram } from "../support/processes.ts";

// Programs are started one after another.
vi.setConfig({ testTimeout: 120_000 });

let server: EmbeddedServer;
let terminal: Terminal;
beforeAll(async () => {
  server = await testServer();
  terminal = await openTerminal();
});
afterAll(async () => {
  await terminal[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const request = { summary: "drop the table", hash: "abc", withinMs: 3_600_000 };

/** What is done once a gate approves, and how often. */
async function openWork() {
  const keys = new Set<string>();
  const work = createServer((asked, response) => {
    keys.add(String(asked.headers["idempotency-key"]));
    response.end(`done ${keys.size}`);
  }).listen(0, "127.0.0.1");
  await once(work, "listening");
  const close = async (): Promise<void> => {
    work.closeAllConnections();
    work.close();
    await once(work, "close");
  };
  return {
    keys,
    url: `http://127.0.0.1:${(work.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: close,
  };
}

describe("an approval gate on a server", () => {
  test("row 19: kill -9 while it waits, restart, decide: what waits for it runs once", async () => {
    await using work = await openWork();
    const program = fileURLToPath(new URL("gate-program.ts", import.meta.url));
    const start = async (node: string) => {
      const node_ = runProgram(program, [server.url, "killed", node, work.url]);
      expect(await node_.nextLine()).toBe("ready");
      return node_;
    };
    await using client = await createSystem({
      name: "killed",
      node: "client",
      servers: server.url,
      leaseMs: 600,
    });
    const waiter = client.ref("delegation.t-1", delegation);
    const first = await start("first");
    await waiter.deliver({ type: "revoke", reason: "begin" });
    await vi.waitFor(async () => expect(await pendingApprovals(client)).toHaveLength(1), { timeout: 20_000 });
    await first[Symbol.asyncDispose]();
    expect(await pendingApprovals(client)).toMatchObject([
      { id: "t-1", hash: "abc", deciders: ["ann", "ben"] },
    ]);
    await using _second = await start("second");
    const both = await Promise.all([
      decideApproval(client, "t-1", { approve: true, by: "ann" }),
      decideApproval(client, "t-1", { approve: true, by: "ben" }),
    ]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(["conflict", "decided"]);
    expect(new Set(both.map(({ by }) => by)).size).toBe(1);
    await vi.waitFor(async () => expect((await waiter.ask({ type: "status" })).reason).toBe("done 1"), {
      timeout: 20_000,
    });
    expect(work.keys.size).toBe(1);
    expect(await pendingApprovals(client)).toEqual([]);
  });

  test("is opened, decided and told of by any NATS client in JSON", async () => {
    await using system = await createSystem({
      ...{ name: "foreign", servers: server.url },
      actors: { approval: approvalGate },
    });
    const nc = await connect({ servers: server.url });
    const json = JSONCodec<Record<string, unknown>>();
    const seen: Record<string, unknown>[] = [];
    nc.subscribe("cx.foreign.ev.approval.t-1.*", { callback: (_error, msg) => void seen.push(msg.json()) });
    await nc.flush();
    const subject = "cx.foreign.in.main.approval.t-1";
    const ask = async (type: string, body: object) =>
      json.decode((await nc.request(subject, json.encode({ type, body }), { timeout: 20_000 })).data);
    nc.publish(subject, json.encode({ type: "open", body: request }));
    await vi.waitFor(async () => expect(await pendingApprovals(system)).toHaveLength(1), { timeout: 20_000 });
    const wrong = await ask("decide", { approve: true, by: "eve", hash: "xyz" });
    expect(wrong).toMatchObject({ kind: "refusal", body: { code: "REFUSED" } });
    const right = await ask("decide", { approve: true, by: "eve", hash: "abc", reason: "seen" });
    expect(right).toMatchObject({
      body: { outcome: "decided", state: "approved", by: "eve", reason: "seen" },
    });
    const late = await ask("decide", { approve: false, by: "ann", hash: "abc" });
    expect(late).toMatchObject({ body: { outcome: "conflict", state: "approved", by: "eve" } });
    await expect
      .poll(() => seen.filter(({ type }) => String(type).startsWith("approval")).map(({ type }) => type))
      .toEqual(["approvalWanted", "approvalDecided"]);
    await nc.close();
  });

  describe("from the command line", () => {
    /** A system of that name with two gates that wait for ann, and the command for it. */
    async function waiting(name: string) {
      const actors = { approval: approvalGate };
      const system = await createSystem({ name, servers: server.url, actors });
      const run = (...args: string[]) =>
        output(terminal.coxswain(["approvals", ...args, "--servers", server.url, "--system", name]));
      const open = async (): Promise<void> => {
        for (const id of ["deploy-7", "deploy-8"]) {
          const gate = system.ref(`approval.${id}`, approval);
          await gate.deliver({ type: "open", ...request, deciders: ["ann"] });
          await gate.ask({ type: "status" });
        }
      };
      return { run, open, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() };
    }

    test("is listed, as text and as JSON", async () => {
      await using at = await waiting("listing");
      expect(await at.run()).toMatchObject({ code: 0, stdout: "nothing waits for approval\n" });
      await at.open();
      const listed = await at.run();
      expect(listed).toMatchObject({ code: 0, stderr: "" });
      expect(listed.stdout).toMatch(
        /^deploy-7 {2}drop the table\n {4}until {4}.*, in (5\d min|1 h).*; then refused\n {4}deciders ann\n {4}hash {5}abc\n/,
      );
      const lines = (await at.run("--json")).stdout.trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line).id)).toEqual(["deploy-7", "deploy-8"]);
    });

    test("is decided once: who is late is told what holds, with exit code 1", async () => {
      await using at = await waiting("deciding");
      await at.open();
      const other = await at.run("approve", "deploy-7", "--by", "ann", "--hash", "xyz");
      expect(other).toMatchObject({ code: 1, stdout: "" });
      expect(other.stderr).toContain('on "abc"');
      expect(await at.run("approve", "deploy-7", "--by", "ann", "--reason", "looks good")).toMatchObject({
        ...{ code: 0, stderr: "", stdout: "deploy-7 is approved: drop the table\n" },
      });
      expect(await at.run("refuse", "deploy-7", "--by", "ann")).toMatchObject({
        ...{ code: 1, stdout: "deploy-7 was approved before, by ann (looks good)\n" },
      });
      expect((await at.run()).stdout).toMatch(/^deploy-8 .*\n.*\n.*\n.*\n$/);
    });

    test.each([
      ["nobody who decides", ["approve", "deploy-7"]],
      ["no such word", ["decide", "deploy-7"]],
      ["no id", ["approve", "*", "--by", "ann"]],
    ])("is used wrongly with %s: exit code 2, before anything is asked", async (_, args) => {
      expect(await output(terminal.coxswain(["approvals", ...args]))).toMatchObject({ code: 2, stdout: "" });
    });
  });
});
