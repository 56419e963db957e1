import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { connect } from "nats";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { isRunning, processesNaming, runProgram } from "../../support/processes.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const started = z.object({ pid: z.number(), url: z.string(), storeDir: z.string(), runFolder: z.string() });

describe.each(eachServerVersion)("a nats-server %s", (version) => {
  it("dies with its parent when that is killed by SIGKILL, and leaves nothing behind", async () => {
    await using parent = runProgram("./server-parent.ts", [version]);
    const { pid, runFolder, url } = started.parse(await parent.nextLine());
    expect(await isRunning(pid)).toBe(true);
    // The watchdog and its helper, and the server.
    expect(await processesNaming(runFolder)).toHaveLength(3);

    process.kill(parent.pid, "SIGKILL");

    await expect.poll(() => processesNaming(runFolder), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => existsSync(runFolder), { timeout: 10_000 }).toBe(false);
    expect(await isRunning(pid)).toBe(false);
    await expect(connect({ servers: url, reconnect: false })).rejects.toThrow();
  });

  it("dies with its parent even when it is frozen", async () => {
    await using parent = runProgram("./server-parent.ts", [version]);
    const { pid, runFolder } = started.parse(await parent.nextLine());
    process.kill(pid, "SIGSTOP");
    process.kill(parent.pid, "SIGKILL");
    await expect.poll(() => processesNaming(runFolder), { timeout: 10_000 }).toEqual([]);
  });

  it("has what it acknowledged when it is started over the store of a killed parent", async () => {
    await using folder = await temporaryFolder();
    await using parent = runProgram("./server-parent.ts", [version, folder.path]);
    const { url } = started.parse(await parent.nextLine());
    const before = await connect({ servers: url, reconnect: false });
    await (await before.jetstreamManager()).streams.add({ name: "logs", subjects: ["logs.>"] });
    for (let message = 0; message < 100; message += 1) await before.jetstream().publish("logs.a");

    process.kill(parent.pid, "SIGKILL");

    await using server = await testServer({ version, storeDir: folder.path });
    const after = await connect({ servers: server.url });
    const stream = await (await after.jetstreamManager()).streams.info("logs");
    expect(stream.state.messages).toBe(100);
    await after.close();
  });

  it("outlives Ctrl-C until its parent stops it in order", async () => {
    await using parent = runProgram("./server-parent.ts", [version]);
    const { runFolder } = started.parse(await parent.nextLine());
    // What a terminal does: the signal goes to the whole process group of the program.
    process.kill(-parent.pid, "SIGINT");
    expect(await parent.nextLine()).toEqual({ answeredAfterCtrlC: true, expected: true });
    expect(await processesNaming(runFolder)).toEqual([]);
  });

  it("ends, and says so, when its watchdog is killed", async () => {
    await using server = await testServer({ version });
    const runFolder = dirname(server.configFile);
    const watchdog = (await processesNaming(runFolder))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => pid !== server.pid)
      .sort((a, b) => a - b)[0];
    process.kill(watchdog ?? Number.NaN, "SIGKILL");
    expect(await server.exited).toMatchObject({ expected: false, signal: "SIGKILL" });
    await expect.poll(() => processesNaming(runFolder)).toEqual([]);
    expect(existsSync(runFolder)).toBe(false);
  });
});
