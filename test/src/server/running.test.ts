import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runningServers, startServer } from "../../../src/server/index.ts";
import { serverBinary } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** A package folder whose cache is its own. */
async function packageFolder(): Promise<AsyncDisposable & { path: string; cacheDir: string; notes: string }> {
  const folder = await temporaryFolder();
  const cacheDir = join(folder.path, "node_modules", ".cache", "coxswain");
  await mkdir(cacheDir, { recursive: true });
  await writeFile(join(folder.path, "package.json"), "{}");
  return {
    path: folder.path,
    cacheDir,
    notes: join(cacheDir, "running"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

it("a server that runs is found from its package, and no longer once it has stopped", async () => {
  await using folder = await packageFolder();
  const { path: binary } = await serverBinary("2.10.27");
  const server = await startServer({ binary, cacheDir: folder.cacheDir });
  const seen = await runningServers(folder.path);
  const { url, version, pid, storeDir } = server;
  expect(seen).toContainEqual(
    expect.objectContaining({ url, version, pid, storeDir, ownerPid: process.pid, sync: "interval" }),
  );
  await server.stop();
  expect((await runningServers(folder.path)).map((found) => found.url)).not.toContain(url);
  expect(await readdir(folder.notes)).toEqual([]);
});

it("notes of dead processes are cleared away, broken ones passed over", async () => {
  await using folder = await packageFolder();
  await mkdir(folder.notes);
  const dead = { url: "nats://127.0.0.1:1", pid: 2 ** 22 + 1, ownerPid: process.pid, startedAtMs: 1 };
  await writeFile(join(folder.notes, "1.json"), JSON.stringify(dead));
  await writeFile(join(folder.notes, "2.json"), '{"url": "nats://127');
  expect((await runningServers(folder.path)).map((found) => found.url)).not.toContain(dead.url);
  expect(await readdir(folder.notes)).toEqual(["2.json"]);
});

it("a server starts also where no note can be written", async () => {
  await using folder = await packageFolder();
  const cacheDir = join(folder.path, "a-file");
  await writeFile(cacheDir, "");
  const { path: binary } = await serverBinary("2.10.27");
  await using server = await startServer({ binary, cacheDir });
  expect(server.url).toMatch(/^nats:/);
  expect(await readFile(cacheDir, "utf8")).toBe("");
});
