import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { findServer } from "../../../src/server/index.ts";
import { cacheFolders } from "../../../src/server/server-cache.ts";
import { serverBinary } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

afterEach(() => vi.unstubAllEnvs());

/** Looks for `version`: another one may be installed on this machine, in /usr/sbin. */
const version = "2.10.27";

describe("a nats-server is looked for", () => {
  it("in NATS_SERVER_BIN, on PATH and in the cache, in this order", async () => {
    await using folder = await temporaryFolder();
    const { path: real } = await serverBinary(version);
    const places = {
      named: join(folder.path, "named"),
      onPath: join(folder.path, "bin"),
      cached: join(folder.path, "cache", `nats-server-${version}`),
    };
    for (const place of Object.values(places)) {
      await mkdir(place, { recursive: true });
      await symlink(real, join(place, "nats-server"));
    }
    const cacheDir = join(folder.path, "cache");

    vi.stubEnv("NATS_SERVER_BIN", join(places.named, "nats-server"));
    vi.stubEnv("PATH", places.onPath);
    expect(await findServer({ cacheDir })).toEqual({
      path: join(places.named, "nats-server"),
      version,
      from: "NATS_SERVER_BIN",
    });

    vi.stubEnv("NATS_SERVER_BIN", "");
    expect(await findServer({ cacheDir })).toEqual({
      path: join(places.onPath, "nats-server"),
      version,
      from: "PATH",
    });

    vi.stubEnv("PATH", "");
    expect(await findServer({ cacheDir, version })).toMatchObject({ version });
  });

  it("in the cache by version, past what is unfinished or does not run", async () => {
    await using folder = await temporaryFolder();
    vi.stubEnv("PATH", "");
    vi.stubEnv("NATS_SERVER_BIN", "");
    await says(join(folder.path, "nats-server-2.99.3"), "nats-server: v2.99.3");
    await says(join(folder.path, "nats-server-2.99.10"), "nats-server: v2.99.10");
    await says(join(folder.path, "nats-server-2.99.20"), "cannot execute binary file");
    await says(join(folder.path, ".bring-1234"), "nats-server: v2.99.30");
    const newest = { version: "2.99.10", from: "cache" };
    expect(await findServer({ cacheDir: folder.path, version: "2.99.10" })).toMatchObject(newest);
    expect(await findServer({ cacheDir: folder.path, version: "2.99.20" })).toBeUndefined();
    expect(await findServer({ cacheDir: folder.path, version: "2.99.30" })).toBeUndefined();
  });

  it("past one that is too old", async () => {
    await using folder = await temporaryFolder();
    const { path: real } = await serverBinary(version);
    await says(join(folder.path, "old"), "nats-server: v2.8.4");
    await mkdir(join(folder.path, "new"));
    await symlink(real, join(folder.path, "new/nats-server"));
    vi.stubEnv("NATS_SERVER_BIN", "");
    vi.stubEnv("PATH", `${join(folder.path, "old")}:${join(folder.path, "new")}`);
    expect(await findServer()).toMatchObject({ path: join(folder.path, "new/nats-server"), version });
  });

  it("and what NATS_SERVER_BIN names is never passed over silently", async () => {
    await using folder = await temporaryFolder();
    vi.stubEnv("NATS_SERVER_BIN", join(folder.path, "missing"));
    await expect(findServer()).rejects.toMatchObject({ code: "SERVER_NOT_FOUND" });
    await says(folder.path, "nats-server: v2.8.4");
    vi.stubEnv("NATS_SERVER_BIN", join(folder.path, "nats-server"));
    await expect(findServer()).rejects.toMatchObject({ code: "SERVER_TOO_OLD" });
  });
});

describe("the cache", () => {
  it("is in the nearest package's node_modules, else in the user's cache folder", async () => {
    await using folder = await temporaryFolder();
    vi.stubEnv("XDG_CACHE_HOME", "/users/cache");
    const inner = join(folder.path, "src/deep");
    await mkdir(inner, { recursive: true });
    expect(cacheFolders(inner)).toEqual(["/users/cache/coxswain"]);

    await mkdir(join(folder.path, "node_modules"));
    await writeFile(join(folder.path, "package.json"), "{}");
    expect(cacheFolders(inner)).toEqual([
      join(folder.path, "node_modules/.cache/coxswain"),
      "/users/cache/coxswain",
    ]);
  });
});

/** A program named nats-server that prints one line, as an old or broken one would. */
async function says(folder: string, line: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "nats-server"), `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
}
