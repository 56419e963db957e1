import { readFile, writeFile } from "node:fs/promises";
import {
  type BringableVersion,
  bringServer,
  type EmbeddedServer,
  findServer,
  type ServerBinary,
  type StartServerOptions,
  startServer,
} from "../../src/server/index.ts";

export * from "./nats-cluster.ts";
export * from "./nats-credentials.ts";
export * from "./tls-files.ts";

/** The versions that tests and CI run on. */
export const eachServerVersion = ["2.10.27", "2.9.10"] as const satisfies readonly BringableVersion[];

/**
 * A real nats-server for a test file; the binary is fetched into the cache on first use. Close it with
 * `await using`. To start one again at the same place give `port` and `storeDir`.
 */
export function testServer(options: Omit<StartServerOptions, "binary"> = {}): Promise<EmbeddedServer> {
  return startServer({ version: "2.10.27", ...options });
}

/** The binary of a version, fetched on first use. */
export async function serverBinary(version: BringableVersion): Promise<ServerBinary> {
  return (await findServer({ version })) ?? (await bringServer({ prefer: version }));
}

/**
 * Changes the running server's configuration, as an operator would. Resolves once the server has taken it;
 * clients learn of it a moment later.
 */
export async function reconfigure(
  server: EmbeddedServer,
  change: (text: string) => string,
  { timeoutMs = 5_000 } = {},
): Promise<void> {
  const reloads = (): number => server.log.filter((line) => line.includes("Reloaded server")).length;
  const before = reloads();
  await writeFile(server.configFile, change(await readFile(server.configFile, "utf8")));
  process.kill(server.pid, "SIGHUP");
  const until = performance.now() + timeoutMs;
  while (reloads() === before) {
    if (performance.now() > until) {
      throw new Error(`The server did not take the configuration:\n${server.log.slice(-5).join("\n")}`);
    }
    await new Promise(setImmediate);
  }
}
