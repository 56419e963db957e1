import {
  type BringableVersion,
  type EmbeddedServer,
  type StartServerOptions,
  startServer,
} from "../../src/server/index.ts";

/** The versions that tests and CI run on. */
export const eachServerVersion = ["2.10.27", "2.9.10"] as const satisfies readonly BringableVersion[];

export interface TestServerOptions extends Omit<StartServerOptions, "binary"> {}

/** A real nats-server for a test file; the binary is fetched into the cache on first use. Close it with `await using`. */
export function testServer(options: TestServerOptions = {}): Promise<EmbeddedServer> {
  return startServer({ version: "2.10.27", ...options });
}
