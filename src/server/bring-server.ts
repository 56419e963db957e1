import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CoxswainError } from "../../protocols/index.ts";
import {
  debianMirrors,
  type Fetched,
  fetchFromOwnSources,
  fetchFromSuite,
  hasApt,
  unpackPackage,
} from "./apt.ts";
import { atLeast, versionFloor } from "./capabilities.ts";
import { type ServerBinary, versionOf } from "./find-server.ts";
import { cacheFolders } from "./server-cache.ts";

/** The versions the set-up step can bring, and the Debian suite each is part of. */
const suites = { "2.10.27": "trixie", "2.9.10": "bookworm" } as const;
export type BringableVersion = keyof typeof suites;

export interface BringServerOptions {
  /** Tried first; default 2.10.27. What comes may be another version, where this one is not to be had. */
  readonly prefer?: BringableVersion;
  /** Default: the nearest package's `node_modules/.cache/coxswain`, else the user's cache. */
  readonly cacheDir?: string;
  /** Told each step in a sentence. */
  readonly onProgress?: (step: string) => void;
}

/**
 * Brings a nats-server into the cache: Debian's package, unpacked, nothing installed, no root needed.
 * Several processes may do it at once; the first to finish wins and the others take what it brought.
 *
 * @throws SERVER_NOT_FOUND with what to do, where there is no apt or none of its sources has the package.
 */
export async function bringServer(options: BringServerOptions = {}): Promise<ServerBinary> {
  const { prefer = "2.10.27", cacheDir = cacheFolders()[0], onProgress = () => {} } = options;
  if (!(await hasApt())) throw notFound("there is no apt to fetch it with", []);

  await mkdir(cacheDir, { recursive: true });
  const failures: string[] = [];
  for (const source of await sourcesFor(prefer)) {
    // In the cache itself: /tmp may be on another file system, or forbid to run what lies there.
    const folder = await mkdtemp(join(cacheDir, ".bring-"));
    try {
      onProgress(`Fetching nats-server from ${source.says}`);
      const brought = await bringFrom(await source.fetch(folder), folder, cacheDir);
      if ("path" in brought) {
        onProgress(`nats-server ${brought.version} is in ${brought.path}`);
        return brought;
      }
      failures.push(`${source.says}: ${brought.failure}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw notFound("no source of apt gave a usable package", failures);
}

interface Source {
  readonly says: string;
  fetch(folder: string): Promise<Fetched>;
}

/** Where to look, in order: each suite from each of the machine's mirrors, then whatever its own sources have. */
async function sourcesFor(prefer: BringableVersion): Promise<Source[]> {
  const mirrors = await debianMirrors();
  const versions: BringableVersion[] = prefer === "2.9.10" ? ["2.9.10"] : ["2.10.27", "2.9.10"];
  const fromSuites = versions.flatMap((version) =>
    mirrors.map((mirror): Source => {
      const suite = suites[version];
      return {
        says: `Debian ${suite} at ${mirror}`,
        fetch: (folder) => fetchFromSuite("nats-server", suite, mirror, folder),
      };
    }),
  );
  const own: Source = {
    says: "this machine's package sources",
    fetch: (folder) => fetchFromOwnSources("nats-server", folder),
  };
  return [...fromSuites, own];
}

async function bringFrom(
  fetched: Fetched,
  folder: string,
  cacheDir: string,
): Promise<ServerBinary | { failure: string }> {
  if ("failure" in fetched) return fetched;
  const unpacked = await unpackPackage(fetched.file, join(folder, "unpacked"));
  if ("failure" in unpacked) return unpacked;
  const programs = join(unpacked.file, "usr/sbin");
  const version = await versionOf(join(programs, "nats-server"));
  if (version === undefined) return { failure: "the package has no nats-server that runs here" };
  if (!atLeast(version, versionFloor)) return { failure: `${version} is older than ${versionFloor}` };
  return await keepInCache(programs, version, cacheDir);
}

/** Moves the unpacked folder to its place in one step, so that nobody ever starts half a binary. */
async function keepInCache(programs: string, version: string, cacheDir: string): Promise<ServerBinary> {
  const target = join(cacheDir, `nats-server-${version}`);
  const path = join(target, "nats-server");
  try {
    await rename(programs, target);
  } catch (cause) {
    // Another process was first, and its copy is as good.
    if ((await versionOf(path)) !== version) {
      throw new CoxswainError("SERVER_NOT_FOUND", `Cannot put nats-server into "${target}"`, { cause });
    }
  }
  return { path, version, from: "brought" };
}

function notFound(why: string, failures: readonly string[]): CoxswainError {
  const says = [
    `No nats-server here, and ${why}. Do one of these:`,
    "- install it: `brew install nats-server`, `apt-get install nats-server`, or https://nats.io/download",
    "- set NATS_SERVER_BIN to the path of a nats-server",
    "- use a running one: the option `servers`, or NATS_URL",
  ];
  return new CoxswainError("SERVER_NOT_FOUND", says.join("\n"), { details: { tried: failures } });
}
