import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { CoxswainError } from "../../protocols/index.ts";
import { assertSupported, atLeast, compareVersions, versionFloor } from "./capabilities.ts";
import { runCommand } from "./run-command.ts";
import { cacheFolders } from "./server-cache.ts";

/** A nats-server that can be started here. */
export interface ServerBinary {
  readonly path: string;
  /** As it says of itself: "2.10.27". */
  readonly version: string;
  readonly from: "NATS_SERVER_BIN" | "PATH" | "cache" | "brought" | "option";
}

export interface FindServerOptions {
  /** Looks for binaries here instead of in the nearest package's and the user's cache. */
  readonly cacheDir?: string;
  /** Only this version, wherever it is. */
  readonly version?: string;
}

/**
 * Looks for a nats-server: `NATS_SERVER_BIN`, then PATH (and `/usr/sbin`, where Debian puts it), then
 * the cache, newest first. Those older than the floor, or that do not run, are passed over.
 *
 * @throws SERVER_NOT_FOUND or SERVER_TOO_OLD where `NATS_SERVER_BIN` names something unusable: it was
 * asked for by name, so nothing else is taken silently.
 */
export async function findServer(options: FindServerOptions = {}): Promise<ServerBinary | undefined> {
  const wanted = (version: string): boolean =>
    options.version === undefined ? atLeast(version, versionFloor) : version === options.version;

  const named = await namedServer();
  if (named !== undefined && (options.version === undefined || wanted(named.version))) return named;

  for (const path of pathCandidates()) {
    const version = await versionOf(path);
    if (version !== undefined && wanted(version)) return { path, version, from: "PATH" };
  }
  for (const folder of options.cacheDir === undefined ? cacheFolders() : [options.cacheDir]) {
    const cached = await cachedServer(folder, wanted);
    if (cached !== undefined) return cached;
  }
  return undefined;
}

/** The version a binary states, or undefined where it is missing or no nats-server that runs here. */
export async function versionOf(path: string): Promise<string | undefined> {
  const runnable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runnable) return undefined;
  const result = await runCommand(path, ["--version"], { timeoutMs: 10_000 });
  return result.ok ? /^nats-server: v(\d+\.\d+\.\d+\S*)/m.exec(result.stdout)?.[1] : undefined;
}

async function namedServer(): Promise<ServerBinary | undefined> {
  const path = process.env.NATS_SERVER_BIN;
  if (path === undefined || path === "") return undefined;
  const version = await versionOf(path);
  if (version === undefined) {
    throw new CoxswainError(
      "SERVER_NOT_FOUND",
      `Expected NATS_SERVER_BIN to name a nats-server that runs here, got "${path}"`,
      { details: { path } },
    );
  }
  assertSupported(version);
  return { path, version, from: "NATS_SERVER_BIN" };
}

function pathCandidates(): string[] {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set([...folders, "/usr/sbin", "/usr/local/sbin"])].map((folder) =>
    join(folder, "nats-server"),
  );
}

/** The newest wanted binary of a cache folder. */
async function cachedServer(
  folder: string,
  wanted: (version: string) => boolean,
): Promise<ServerBinary | undefined> {
  const names = await readdir(folder).catch(() => []);
  const versions = names.flatMap((name) => /^nats-server-(\d+\.\d+\.\d+\S*)$/.exec(name)?.[1] ?? []);
  for (const version of versions.filter(wanted).sort(compareVersions).reverse()) {
    const path = join(folder, `nats-server-${version}`, "nats-server");
    if ((await versionOf(path)) === version) return { path, version, from: "cache" };
  }
  return undefined;
}
