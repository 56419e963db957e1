import { CoxswainError, isCoxswainError, quote } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import type { EmbeddedServer } from "../server/index.ts";
import { createMemoryHub } from "./memory.ts";
import type { NatsOptions } from "./nats.ts";
import type { Transport } from "./transport.ts";

export interface TransportChoice {
  /**
   * `"nats"`: the given servers, NATS_URL, or an embedded server. `"memory"`: this process only, nothing survives it.
   * Or an open transport, which stays the caller's to close. Default `"nats"`.
   */
  readonly transport?: "nats" | "memory" | Transport;
  /** An existing cluster; default NATS_URL, else an embedded server. */
  readonly servers?: string | readonly string[];
  /** How to log in there, and the limits of the connection. */
  readonly connection?: Omit<NatsOptions, "servers" | "name" | "env">;
  /** Where the embedded server keeps its streams; default a folder that is removed with it. */
  readonly storeDir?: string;
}

export interface Opened {
  readonly transport: Transport;
  /** Closes what was opened here: the connection, then the server. */
  close(): Promise<void>;
}

/**
 * Opens the transport an application chose. Where no nats-server is to be had, actors still run, in this
 * process only, and `warn` says so; a server that was named must be there.
 *
 * @throws OPTION_INVALID, SERVER_NOT_FOUND, SERVER_FAILED, SERVER_TOO_OLD, PERMISSION_DENIED
 */
export async function openTransport(
  choice: TransportChoice,
  name: string,
  env: Env,
  warn: (message: string) => void,
): Promise<Opened> {
  const { transport = "nats" } = choice;
  if (typeof transport === "object") return { transport, close: () => Promise.resolve() };
  if (transport === "memory") return owned(createMemoryHub({ env }).connect());
  if (transport !== "nats") {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected transport "nats", "memory" or a Transport, got ${quote(transport)}`,
    );
  }
  const servers = choice.servers ?? process.env.NATS_URL;
  if (servers === undefined) return embedded(choice, name, env, warn);
  // Loaded only when needed: a system in memory costs no client library.
  const { connectNats } = await import("./nats.ts");
  return owned(await connectNats({ ...choice.connection, servers, name, env }));
}

async function embedded(
  choice: TransportChoice,
  name: string,
  env: Env,
  warn: (message: string) => void,
): Promise<Opened> {
  const [{ startServer }, { connectNats }] = await Promise.all([
    import("../server/index.ts"),
    import("./nats.ts"),
  ]);
  const { storeDir } = choice;
  let server: EmbeddedServer;
  try {
    server = await startServer(storeDir === undefined ? {} : { storeDir });
  } catch (error) {
    const named = storeDir !== undefined || process.env.NATS_SERVER_BIN !== undefined;
    if (named || !isCoxswainError(error, "SERVER_NOT_FOUND")) throw error;
    warn(`Actors run in this process only, and no other client can see them: ${error.message}`);
    return owned(createMemoryHub({ env }).connect());
  }
  try {
    const transport = await connectNats({ ...choice.connection, servers: server.url, name, env });
    const close = async (): Promise<void> => {
      await transport.drain();
      await server.stop();
    };
    return { transport, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function owned(transport: Transport): Opened {
  return { transport, close: () => transport.drain() };
}
