import { existsSync, readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { connect, StringCodec } from "nats";
import { describe, expect, it, vi } from "vitest";
import { startServer } from "../../../src/server/index.ts";
import { storeLockOf } from "../../../src/server/store-lock.ts";
import { eachServerVersion, reconfigure, testServer } from "../../support/nats-server.ts";
import { isRunning, processesNaming } from "../../support/processes.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe.each(eachServerVersion)("an embedded nats-server %s", (version) => {
  it("takes clients on the loopback and stores what they publish", async () => {
    await using server = await testServer({ version });
    expect(server).toMatchObject({ host: "127.0.0.1", version, url: `nats://127.0.0.1:${server.port}` });

    const connection = await connect({ servers: server.url });
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: "logs", subjects: ["logs.>"] });
    const { seq } = await connection.jetstream().publish("logs.a", StringCodec().encode("kept"));
    expect(seq).toBe(1);
    expect(connection.info?.version).toBe(version);
    await connection.close();
  });

  it("ends in order and leaves nothing behind", async () => {
    const server = await testServer({ version });
    const runFolder = dirname(server.configFile);
    expect(server.storeDir.startsWith(runFolder)).toBe(true);
    expect(await processesNaming(runFolder)).not.toEqual([]);

    await server.stop();

    expect(await server.exited).toMatchObject({ expected: true });
    expect(server.log.at(-1)).toContain("Server Exiting");
    expect(await processesNaming(runFolder)).toEqual([]);
    expect(existsSync(runFolder)).toBe(false);
    await server.stop();
  });

  it("keeps what it stored in a given folder", async () => {
    await using folder = await temporaryFolder();
    for (const round of [1, 2]) {
      await using server = await testServer({ version, storeDir: folder.path });
      const connection = await connect({ servers: server.url });
      const manager = await connection.jetstreamManager();
      await manager.streams.add({ name: "logs", subjects: ["logs.>"] });
      const { seq } = await connection.jetstream().publish("logs.a");
      expect(seq).toBe(round);
      await connection.close();
    }
  });

  it("comes back on the same port and store", async () => {
    await using folder = await temporaryFolder();
    const first = await testServer({ version, storeDir: folder.path });
    await first.stop();
    await using second = await testServer({ version, storeDir: folder.path, port: first.port });
    expect(second.url).toBe(first.url);
  });

  it("takes its largest payload from the options", async () => {
    await using server = await testServer({ version, payloadMaxBytes: 2 * 1024 * 1024 });
    const connection = await connect({ servers: server.url });
    expect(connection.info?.max_payload).toBe(2 * 1024 * 1024);
    await connection.close();
  });

  it("takes further configuration as blocks and as text", async () => {
    await using asBlocks = await testServer({
      version,
      config: { max_control_line: 2048, max_payload: 4096 },
    });
    await using asText = await testServer({ version, config: "max_payload: 8KB" });
    const payloads: (number | undefined)[] = [];
    for (const { url } of [asBlocks, asText]) {
      const connection = await connect({ servers: url });
      payloads.push(connection.info?.max_payload);
      await connection.close();
    }
    expect(payloads).toEqual([4096, 8192]);
  });

  it("takes a changed configuration while it runs", async () => {
    const config = { authorization: { users: [{ user: "bow", password: "old" }] } };
    await using server = await testServer({ version, config });
    const login = { servers: server.url, user: "bow", reconnect: false };
    await (await connect({ ...login, pass: "old" })).close();

    await reconfigure(server, (text) => text.replace('"old"', '"new"'));

    await expect(connect({ ...login, pass: "old" })).rejects.toThrow(/authorization violation/i);
    await (await connect({ ...login, pass: "new" })).close();
  });

  it("says why it did not start", async () => {
    await using server = await testServer({ version });
    const again = testServer({ version, port: server.port });
    await expect(again).rejects.toMatchObject({
      code: "SERVER_FAILED",
      message: expect.stringContaining("address already in use"),
      details: { log: expect.arrayContaining([expect.stringContaining("Starting nats-server")]) },
    });
    const misspelt = testServer({ version, config: "max_payloads: 8KB\nauthorization {" });
    await expect(misspelt).rejects.toMatchObject({ code: "SERVER_FAILED" });
  });

  it("keeps the last 200 lines of its log", async () => {
    await using server = await testServer({ version, config: { debug: true, trace: true } });
    const connection = await connect({ servers: server.url });
    for (let message = 0; message < 300; message += 1) connection.publish("noise");
    await connection.flush();
    await connection.close();
    await vi.waitFor(() => expect(server.log.join("\n")).toContain("PUB noise"));
    await vi.waitFor(() => expect(server.log).toHaveLength(200));
  });

  it("reports it when it was killed, and its watchdog goes too", async () => {
    await using server = await testServer({ version });
    process.kill(server.pid, "SIGKILL");
    expect(await server.exited).toMatchObject({ expected: false, signal: "SIGKILL" });
    expect(await processesNaming(dirname(server.configFile))).toEqual([]);
  });

  it("is ended by force when it is frozen", async () => {
    const server = await testServer({ version, stopTimeoutMs: 200 });
    process.kill(server.pid, "SIGSTOP");
    await server.stop();
    expect(await server.exited).toMatchObject({ expected: true, signal: "SIGKILL" });
    expect(await isRunning(server.pid)).toBe(false);
  });

  it("refuses a store that another server uses", async () => {
    await using folder = await temporaryFolder();
    await using first = await testServer({ version, storeDir: folder.path });
    await expect(testServer({ version, storeDir: folder.path, startTimeoutMs: 500 })).rejects.toMatchObject({
      code: "SERVER_FAILED",
      message: expect.stringContaining("in use by process"),
    });
    expect(await isRunning(first.pid)).toBe(true);
  });
});

describe("a store whose last owner died without a word", () => {
  it.each([
    ["has ended", 2 ** 22 + 1],
    ["is now another program", process.pid],
  ])("is taken over when the process of its lock %s", async (_case, holder) => {
    await using folder = await temporaryFolder();
    const lock = storeLockOf(folder.path);
    await writeFile(lock, `${holder}\n`);
    const server = await testServer({ storeDir: folder.path });
    expect(readFileSync(lock, "utf8")).not.toBe(`${holder}\n`);
    await server.stop();
    expect(existsSync(lock)).toBe(false);
  });
});

describe("flushing to disk", () => {
  it("happens every second where the server can", async () => {
    await using server = await testServer({ version: "2.10.27" });
    expect(readFileSync(server.configFile, "utf8")).toContain('"sync_interval":"1s"');
  });

  it("happens before each acknowledgement by choice", async () => {
    await using server = await testServer({ version: "2.10.27", sync: "always" });
    expect(readFileSync(server.configFile, "utf8")).toContain('"sync_interval":"always"');
    expect(server.sync).toBe("always");
  });

  it("is not asked of a server that would refuse to start with it", async () => {
    await using server = await testServer({ version: "2.9.10" });
    expect(readFileSync(server.configFile, "utf8")).not.toContain("sync_interval");
    await expect(testServer({ version: "2.9.10", sync: "always" })).rejects.toMatchObject({
      code: "SERVER_TOO_OLD",
    });
  });
});

describe("a start that fails", () => {
  it("leaves no folder behind", async () => {
    await using folder = await temporaryFolder();
    await using taken = await testServer();
    vi.stubEnv("TMPDIR", folder.path);
    const attempts = await Promise.allSettled([
      testServer({ port: taken.port }),
      testServer({ version: "2.9.10", sync: "always" }),
      testServer({ config: "authorization {" }),
    ]);
    vi.unstubAllEnvs();
    expect(attempts.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe("the binary", () => {
  it("can be named", async () => {
    await using found = await testServer();
    await using server = await startServer({ binary: found.binary.path });
    expect(server.binary).toEqual({ path: found.binary.path, version: "2.10.27", from: "option" });
  });

  it("must be a nats-server", async () => {
    await expect(startServer({ binary: "/bin/sh" })).rejects.toMatchObject({ code: "SERVER_NOT_FOUND" });
  });

  it.skipIf(existsSync("/usr/sbin/nats-server"))("is not fetched where that is forbidden", async () => {
    await using empty = await temporaryFolder();
    vi.stubEnv("PATH", "");
    const starting = startServer({ version: "2.9.10", cacheDir: empty.path, bring: false });
    await expect(starting.finally(() => vi.unstubAllEnvs())).rejects.toMatchObject({
      code: "SERVER_NOT_FOUND",
    });
  });
});
