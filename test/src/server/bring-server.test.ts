import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hasApt } from "../../../src/server/apt.ts";
import { bringServer, startServer } from "../../../src/server/index.ts";
import { serverBinary } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const run = promisify(execFile);

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(!(await hasApt()))("with apt", () => {
  it("a server is brought to a machine that never ran `apt-get update`, by several at once", async () => {
    await using folder = await temporaryFolder();
    const cacheDir = join(folder.path, "cache");
    await aptConfiguration(folder.path, []);
    const steps: string[] = [];
    const bring = () => bringServer({ prefer: "2.9.10", cacheDir, onProgress: (step) => steps.push(step) });

    const [first, second] = await Promise.all([bring(), bring()]);

    expect(first).toEqual({
      path: join(cacheDir, "nats-server-2.9.10/nats-server"),
      version: "2.9.10",
      from: "brought",
    });
    expect(second).toEqual(first);
    expect(await readdir(cacheDir)).toEqual(["nats-server-2.9.10"]);
    expect(steps[0]).toMatch(/^Fetching nats-server from Debian bookworm at http/);
    await using server = await startServer({ binary: first.path });
    expect(server.version).toBe("2.9.10");
  }, 120_000);

  it("but an unreachable mirror, what was tried is told", async () => {
    await using folder = await temporaryFolder();
    const cacheDir = join(folder.path, "cache");
    const sources = join(folder.path, "sources.list");
    await writeFile(sources, "deb [trusted=yes] http://127.0.0.1:1/debian bookworm main\n");
    await aptConfiguration(folder.path, [
      `Dir::Etc::SourceList "${sources}";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Acquire::http::Proxy::127.0.0.1 "DIRECT";',
    ]);

    const bringing = bringServer({ cacheDir });

    await expect(bringing).rejects.toMatchObject({
      code: "SERVER_NOT_FOUND",
      message: expect.stringMatching(/no source of apt.*\n.*brew install.*\n.*NATS_SERVER_BIN.*\n.*NATS_URL/),
      details: {
        tried: [
          expect.stringContaining("Debian trixie at http://127.0.0.1:1/debian"),
          expect.stringContaining("Debian bookworm at http://127.0.0.1:1/debian"),
          expect.stringContaining("this machine's package sources"),
        ],
      },
    });
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it("Debian 12's server is taken where Debian 13's is not to be had", async () => {
    await using folder = await temporaryFolder();
    await standInApt(folder.path, { mirror: "http://mirror.test/debian/|bookworm|main", offers: "bookworm" });
    const steps: string[] = [];
    const options = { cacheDir: join(folder.path, "cache"), onProgress: (step: string) => steps.push(step) };
    expect(await bringServer(options)).toMatchObject({ version: "2.9.10", from: "brought" });
    expect(steps.slice(0, 2)).toEqual([
      "Fetching nats-server from Debian trixie at http://mirror.test/debian/",
      "Fetching nats-server from Debian bookworm at http://mirror.test/debian/",
    ]);
  });

  it("a system like Debian is asked for its own package", async () => {
    await using folder = await temporaryFolder();
    await standInApt(folder.path, { mirror: "http://mirror.test/ubuntu/|noble|universe", offers: "own" });
    const steps: string[] = [];
    const options = { cacheDir: join(folder.path, "cache"), onProgress: (step: string) => steps.push(step) };
    expect(await bringServer(options)).toMatchObject({ version: "2.9.10", from: "brought" });
    expect(steps[0]).toBe("Fetching nats-server from this machine's package sources");
  });
});

describe("without apt", () => {
  it("it is told what to do", async () => {
    await using folder = await temporaryFolder();
    vi.stubEnv("PATH", folder.path);
    await expect(bringServer({ cacheDir: folder.path })).rejects.toMatchObject({
      code: "SERVER_NOT_FOUND",
      message: expect.stringMatching(
        /there is no apt.*\n.*brew install nats-server.*\n.*NATS_SERVER_BIN.*\n.*NATS_URL/,
      ),
    });
  });
});

/** Makes apt see no package lists, and further settings. */
async function aptConfiguration(folder: string, lines: readonly string[]): Promise<void> {
  await mkdir(join(folder, "no-lists/partial"), { recursive: true });
  const settings = [`Dir::State::Lists "${join(folder, "no-lists")}";`, ...lines];
  await writeFile(join(folder, "machine.conf"), `${settings.join("\n")}\n`);
  vi.stubEnv("APT_CONFIG", join(folder, "machine.conf"));
}

/** An `apt-get` for one mirror that has the package in one suite only, or in its own sources. */
async function standInApt(folder: string, apt: { mirror: string; offers: string }): Promise<void> {
  const debs = await packageOf(folder);
  const script = `#!/bin/sh
case "$*" in
  *indextargets*) echo '${apt.mirror}' ;;
  *download*)
    suite=own
    [ ! -e sources.list ] || suite=$(sed -n 's/.*[]] [^ ]* \\([a-z]*\\) main/\\1/p' sources.list)
    [ "$suite" = ${apt.offers} ] || { echo "E: Unable to locate package nats-server" >&2; exit 100; }
    cp ${debs} . ;;
esac
`;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/apt-get"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env.PATH}`);
}

/** A package built from the real binary. */
async function packageOf(folder: string): Promise<string> {
  const { path, version } = await serverBinary("2.9.10");
  const root = join(folder, "package");
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await mkdir(join(root, "usr/sbin"), { recursive: true });
  const control = [
    "Package: nats-server",
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: a <a@b.c>",
  ];
  await writeFile(join(root, "DEBIAN/control"), `${control.join("\n")}\nDescription: test\n`);
  await copyFile(path, join(root, "usr/sbin/nats-server"));
  const file = join(folder, `nats-server_${version}_all.deb`);
  await run("dpkg-deb", ["--build", "-Znone", root, file]);
  return file;
}
