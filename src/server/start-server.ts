import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CoxswainError } from "../../protocols/index.ts";
import { type BringableVersion, bringServer } from "./bring-server.ts";
import { assertSupported, type Capabilities, capabilitiesOf } from "./capabilities.ts";
import { findServer, type ServerBinary, versionOf } from "./find-server.ts";
import { announceServer } from "./running.ts";
import { type ServerConfig, serverConfig } from "./server-config.ts";
import { type ServerCommand, type ServerExit, ServerProcess } from "./server-process.ts";
import { storeLockOf, storeReleased } from "./store-lock.ts";

export interface StartServerOptions {
  /** Path of the binary. Default: the one `findServer` finds, else what `bringServer` brings. */
  readonly binary?: string;
  /** Exactly this version, found or brought. */
  readonly version?: BringableVersion;
  /** Whether a missing binary may be fetched; default true. */
  readonly bring?: boolean;
  readonly cacheDir?: string;
  /** JetStream's folder. A given one is kept; by default one is made, and removed with the server. */
  readonly storeDir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /**
   * `interval` (default): flushed to disk every second where the server can (from 2.10; before, every two
   * minutes). `always`: before each acknowledgement, about ten times slower, and a power cut loses nothing.
   */
  readonly sync?: "interval" | "always";
  /** Largest message; default 1 MiB. */
  readonly payloadMaxBytes?: number;
  /** Further configuration; it wins over ours. */
  readonly config?: ServerConfig;
  /** How long it may take to be ready, or wait for its store to become free; default 10,000. */
  readonly startTimeoutMs?: number;
  /** How long an orderly stop may take before it is killed; default 5,000. */
  readonly stopTimeoutMs?: number;
  /** Told the steps of fetching a binary. */
  readonly onProgress?: (step: string) => void;
}

/** A nats-server of our own on the loopback, with JetStream. It ends with this process, however that ends. */
export interface EmbeddedServer extends AsyncDisposable {
  /** "nats://127.0.0.1:40123". */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly binary: ServerBinary;
  readonly pid: number;
  readonly storeDir: string;
  /** Its configuration file, read again on SIGHUP. */
  readonly configFile: string;
  readonly capabilities: Capabilities;
  /** How it flushes to disk; on a 2.9 server `interval` is two minutes. */
  readonly sync: "interval" | "always";
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Settles when the server has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ServerExit>;
  /** Ends the server in order and frees its folder. Idempotent. */
  stop(): Promise<void>;
}

const host = "127.0.0.1";
// Others may start over the same store at the same time.
const launchesMax = 5;

/**
 * Starts a nats-server as a child process.
 *
 * @throws SERVER_NOT_FOUND without a binary, SERVER_TOO_OLD below 2.9 or for an option it has not,
 * SERVER_FAILED when it does not start (`details.log` has its last lines) or its store is in use.
 */
export async function startServer(options: StartServerOptions = {}): Promise<EmbeddedServer> {
  const { startTimeoutMs = 10_000, stopTimeoutMs = 5_000 } = options;
  if (process.platform === "win32") {
    throw new CoxswainError(
      "SERVER_NOT_FOUND",
      "Expected a system with /bin/sh for the embedded server; use `servers`",
    );
  }
  const binary = await binaryFor(options);
  const { server, command, port, pid } = await launch(binary, options, startTimeoutMs);
  const stop = (): Promise<void> => server.stop(stopTimeoutMs);
  const url = `nats://${host}:${port}`;
  const { storeDir, configFile } = command;
  const { version } = binary;
  const sync = options.sync ?? "interval";
  const withdraw = await announceServer({ url, version, pid, storeDir, sync }, options.cacheDir);
  void server.exited.then(withdraw);
  return {
    url,
    host,
    port,
    version,
    binary,
    pid,
    storeDir,
    configFile,
    capabilities: capabilitiesOf(version),
    sync,
    get log() {
      return server.log;
    },
    exited: server.exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function binaryFor(options: StartServerOptions): Promise<ServerBinary> {
  const { binary, version, cacheDir, onProgress, bring = true } = options;
  if (binary !== undefined) return await givenBinary(binary);
  const place = cacheDir === undefined ? {} : { cacheDir };
  const found = await findServer({ ...place, ...(version === undefined ? {} : { version }) });
  if (found !== undefined) return found;
  if (!bring) throw new CoxswainError("SERVER_NOT_FOUND", "No nats-server here, and none may be fetched");
  const brought = await bringServer({
    ...place,
    ...(version === undefined ? {} : { prefer: version }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (version !== undefined && brought.version !== version) {
    const says = `Expected to get nats-server ${version}, got ${brought.version}`;
    throw new CoxswainError("SERVER_NOT_FOUND", says, { details: { ...brought } });
  }
  return brought;
}

async function givenBinary(path: string): Promise<ServerBinary> {
  const version = await versionOf(path);
  if (version === undefined) {
    throw new CoxswainError("SERVER_NOT_FOUND", `Expected a nats-server that runs here, got "${path}"`);
  }
  assertSupported(version);
  return { path, version, from: "option" };
}

interface Prepared extends ServerCommand {
  readonly storeDir: string;
}

interface Launched {
  readonly server: ServerProcess;
  readonly command: Prepared;
  readonly port: number;
  readonly pid: number;
}

/** Starts it; again, once the store is free, where another server had it. */
async function launch(
  binary: ServerBinary,
  options: StartServerOptions,
  timeoutMs: number,
): Promise<Launched> {
  for (let attempt = 1; attempt <= launchesMax; attempt += 1) {
    const command = await prepare(binary, options);
    const server = new ServerProcess(command);
    const ready = await server.ready(timeoutMs).catch(async (error: unknown) => {
      await server.stop(0);
      throw error;
    });
    if (ready !== "locked") return { server, command, ...ready };
    if (command.storeLock !== undefined) await storeReleased(command.storeLock, timeoutMs);
  }
  throw new CoxswainError("SERVER_FAILED", `Cannot lock the store folder "${options.storeDir}"`);
}

/** Makes the run folder with the configuration, and the store's. */
async function prepare(binary: ServerBinary, options: StartServerOptions): Promise<Prepared> {
  const runFolder = await mkdtemp(join(tmpdir(), "coxswain-nats-"));
  try {
    const kept = options.storeDir === undefined ? undefined : resolve(options.storeDir);
    const storeDir = kept ?? join(runFolder, "store");
    const configFile = join(runFolder, "server.conf");
    await mkdir(storeDir, { recursive: true });
    // It may hold passwords.
    await writeFile(configFile, configFor(binary, options, storeDir), { mode: 0o600 });
    const storeLock = kept === undefined ? undefined : storeLockOf(kept);
    return { path: binary.path, configFile, runFolder, storeDir, storeLock };
  } catch (error) {
    await rm(runFolder, { recursive: true, force: true });
    throw error;
  }
}

function configFor(binary: ServerBinary, options: StartServerOptions, storeDir: string): string {
  return serverConfig({
    version: binary.version,
    name: `coxswain-${process.pid}-${process.hrtime.bigint().toString(36)}`,
    storeDir,
    port: options.port ?? -1,
    sync: options.sync ?? "interval",
    payloadMaxBytes: options.payloadMaxBytes ?? 1024 * 1024,
    extra: options.config ?? {},
  });
}
