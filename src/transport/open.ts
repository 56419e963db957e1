import { CoxswainError, quote } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { createMemoryHub } from "./memory.ts";
import type { NatsOptions } from "./nats.ts";
import type { Transport } from "./transport.ts";

export interface TransportChoice {
  /**
   * `"nats"`: the given servers, NATS_URL, or an embedded server. `"memory"`: this process only, nothing survives it.
   * Or an open transport, which stays the caller's to close. Default `"nats"`.
   */
  readonly transport?: "nats" | "memory" | Transport;
  /** An existing cluster, and how to log in; default NATS_URL, else an embedded server. */
  readonly servers?: string | readonly string[];
  readonly auth?: Omit<NatsOptions, "servers" | "name" | "env">;
  /** Where the embedded server keeps its streams; default a folder that is removed with it. */
  readonly storeDir?: string;
}

export interface Opened {
  readonly transport: Transport;
  /** Closes what was opened here: the connection, then the server. */
  close(): Promise<void>;
}

/** Opens the transport an application chose. @throws OPTION_INVALID, SERVER_NOT_FOUND, SERVER_FAILED, TRANSPORT_CLOSED */
export async function openTransport(choice: TransportChoice, name: string, env: Env): Promise<Opened> {
  const { transport = "nats" } = choice;
  if (typeof transport === "object") return { transport, close: () => Promise.resolve() };
  if (transport === "memory") return owned(createMemoryHub({ env }).connect());
  if (transport !== "nats") {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected transport "nats", "memory" or a Transport, got ${quote(transport)}`,
    );
  }
  // Loaded only when needed: a system in memory costs no client library.
  const { connectNats } = await import("./nats.ts");
  const servers = choice.servers ?? process.env.NATS_URL;
  if (servers !== undefined) return owned(await connectNats({ ...choice.auth, servers, name, env }));
  const { startServer } = await import("../server/index.ts");
  const server = await startServer(choice.storeDir === undefined ? {} : { storeDir: choice.storeDir });
  try {
    const connected = await connectNats({ servers: server.url, name, env });
    const close = async (): Promise<void> => {
      await connected.drain();
      await server.stop();
    };
    return { transport: connected, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function owned(transport: Transport): Opened {
  return { transport, close: () => transport.drain() };
}
