import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "nats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { refusalOf } from "../../../src/cli/run.ts";
import { runningServers } from "../../../src/server/index.ts";
import { exampleFile, openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";
import { isRunning } from "../../support/processes.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

async function script(name: string, text: string): Promise<string> {
  await writeFile(join(terminal.folder, name), text);
  return name;
}

/** Says its process id, and goes on until something ends it. */
const lives = `console.log("pid", process.pid); setInterval(() => {}, 60_000);`;
const pidOf = async (running: { said(pattern: RegExp): Promise<RegExpExecArray> }): Promise<number> =>
  Number((await running.said(/pid (\d+)/))[1]);

describe("coxswain run", () => {
  it("starts a server, says where it is, hands it and the arguments to the script, and ends as it did", async () => {
    const file = await script(
      "shows.js",
      `console.log(JSON.stringify({ ...process.env, args: process.argv.slice(2) })); process.exitCode = 7;`,
    );
    const { stdout, stderr, code } = await output(
      terminal.coxswain(["run", file, "--system", "fleet", "--", "--port", "80"]),
    );
    expect(code).toBe(7);
    const [, url] = /^coxswain: nats-server 2\.10\.27 at (nats:\S+),/.exec(stderr) ?? [];
    expect(JSON.parse(stdout)).toMatchObject({
      NATS_URL: url,
      COXSWAIN_SYSTEM: "fleet",
      args: ["--port", "80"],
    });
  });

  it("uses a given server, and shows no password", async () => {
    await using server = await testServer();
    const file = await script("url.js", "console.log(process.env.NATS_URL);");
    const secret = server.url.replace("//", "//bow:secret@");
    const given = await output(terminal.coxswain(["run", file, "--servers", secret]));
    expect(given).toMatchObject({ stdout: `${secret}\n`, code: 0 });
    expect(given.stderr).toBe(`coxswain: using ${server.url.replace("//", "//…@")}\n`);
    const inherited = terminal.coxswain(["run", file], { env: { NATS_URL: server.url } });
    expect((await output(inherited)).stdout).toBe(`${server.url}\n`);
  });

  it("Ctrl-C drains the script while the server still answers, then ends the server", async () => {
    const tally = terminal.coxswain(["run", exampleFile("tally.ts")]);
    const [, url = ""] = await tally.said(/tally runs at (nats:\S+)/);
    tally.child.kill("SIGINT");
    expect(await tally.ended).toBe(130);
    expect(tally.stderr).toContain("SIGINT: closing in good order");
    expect(tally.stderr).toMatch(/closed: 2 actors stopped, \d+ messages handled\n/);
    expect(tally.stderr).not.toMatch(/warning|error/);
    await expect(connect({ servers: url, reconnect: false })).rejects.toThrow();
    expect(await readdir(join(terminal.folder, "node_modules/.cache/coxswain/running"))).toEqual([]);
  });

  it("SIGTERM is passed on as well, and a script that handles it decides its exit code", async () => {
    const file = await script("term.js", `process.once("SIGTERM", () => process.exit(5)); ${lives}`);
    const running = terminal.coxswain(["run", file]);
    const pid = await pidOf(running);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(5);
    expect(await isRunning(pid)).toBe(false);
  });

  it("a second Ctrl-C ends a script that does not want to, at once", async () => {
    const file = await script("stubborn.js", `process.on("SIGINT", () => console.log("no")); ${lives}`);
    const running = terminal.coxswain(["run", file]);
    const pid = await pidOf(running);
    running.child.kill("SIGINT");
    await running.said(/no/);
    // Pressed until it counts: within 300 ms it is the same press.
    await vi.waitFor(
      () => {
        running.child.kill("SIGINT");
        expect(running.child.exitCode).toBe(130);
      },
      { timeout: 20_000, interval: 100 },
    );
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
    expect(running.stdout.match(/no/g)).toHaveLength(1);
  });

  it("a script does not outlive a runner that was killed", async () => {
    const file = await script("orphan.js", lives);
    const running = terminal.coxswain(["run", file]);
    const pid = await pidOf(running);
    running.child.kill("SIGKILL");
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });

  it("a server that ends by itself ends the script too, and says so", async () => {
    const file = await script("bereft.js", lives);
    const running = terminal.coxswain(["run", file]);
    await pidOf(running);
    const [server] = await runningServers(terminal.folder);
    process.kill(server?.pid ?? 0, "SIGKILL");
    expect(await running.ended).toBe(143);
    expect(running.stderr).toContain("nats-server ended unexpectedly");
  });

  it.each([
    { args: ["run"], says: /Expected a file/, code: 2 },
    { args: ["run", "missing.ts"], says: /no file "missing\.ts"/, code: 2 },
    { args: ["run", "a.js", "b"], says: /got "b" as well/, code: 2 },
    { args: ["run", "package.json"], says: /Expected a script/, code: 1 },
  ])("$args is refused with $code", async ({ args, says, code }) => {
    const refused = await output(terminal.coxswain(args));
    expect(refused.stderr).toMatch(says);
    expect(refused.code).toBe(code);
  });

  it("says what TypeScript needs where this Node does not run it", () => {
    expect(refusalOf("a.ts", undefined, "v20.19.0")).toMatch(/Node v20\.19\.0 does not run.*22\.18/);
    expect(refusalOf("a.mts", false, "v22.10.0")).toMatch(/22\.18/);
    expect(refusalOf("a.ts", "strip", "v24.0.0")).toBeUndefined();
    expect(refusalOf("a.mjs", undefined, "v20.19.0")).toBeUndefined();
  });
});

it("coxswain server runs a server that other commands find, until it is told to stop", async () => {
  const server = terminal.coxswain(["server"]);
  const [url = ""] = await server.said(/nats:\/\/127\.0\.0\.1:\d+/);
  await server.said(/Ctrl-C ends it/);
  const connection = await connect({ servers: url });
  await connection.flush();
  await connection.close();
  const { code, stderr } = await output(terminal.coxswain(["ps"]));
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("No system is on") });
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(0);
});
