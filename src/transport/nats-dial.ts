import { createConnection } from "node:net";
import { type ConnectionOptions, connect, type NatsConnection } from "nats";
import { CoxswainError, type ErrorCode } from "../../protocols/index.ts";
import { type NatsSettings, type ServerAddress, servernameFor } from "./nats-options.ts";

/**
 * Connects to the first of `addresses` that lets us.
 *
 * The client never reconnects by itself: a try of its own that timed out lives on, and when a frozen
 * server wakes up, the client ends with two live connections and delivers everything twice.
 *
 * @throws SERVER_NOT_FOUND, PERMISSION_DENIED, SERVER_FAILED, OPTION_INVALID: the last server's answer.
 */
export async function dial(
  settings: NatsSettings,
  addresses: readonly ServerAddress[],
): Promise<NatsConnection> {
  let failure: CoxswainError | undefined;
  for (const address of addresses) {
    try {
      await probe(settings, address);
      return await connect(await connectionOptions(settings, address));
    } catch (thrown) {
      failure = dialError(thrown, address);
    }
  }
  throw failure ?? new CoxswainError("INVARIANT_BROKEN", "Expected a server to dial, got none");
}

/**
 * Waits for a server's first word on a connection of our own, which we can close: the client would keep
 * one to a frozen server open for ever, and one more with each try.
 */
function probe(settings: NatsSettings, { host, port }: ServerAddress): Promise<void> {
  const { connectTimeoutMs, env, tls } = settings;
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port });
    const end = (error?: Error): void => {
      timer.cancel();
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = env.setTimer(connectTimeoutMs, () =>
      end(new Error(`no word from the server within ${connectTimeoutMs} ms`)),
    );
    socket.on("error", end);
    socket.on("close", () => end(new Error("the server closed the connection at once")));
    socket.once(tls?.handshakeFirst === true ? "connect" : "data", () => end());
  });
}

async function connectionOptions(settings: NatsSettings, address: ServerAddress): Promise<ConnectionOptions> {
  const { name, tls, inboxPrefix, livenessMs, connectTimeoutMs } = settings;
  const servername = servernameFor(address, settings.servers);
  return {
    servers: [urlHost(address)],
    reconnect: false,
    timeout: connectTimeoutMs,
    // Given up at the third tick without an answer.
    pingInterval: Math.ceil(livenessMs / 3),
    maxPingOut: 2,
    ...(name === undefined ? {} : { name }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...(tls === undefined ? {} : { tls: servername === undefined ? tls : { servername, ...tls } }),
    ...(await settings.login()),
    // Otherwise it captures a stack for each request.
    noAsyncTraces: true,
  };
}

export function urlHost({ host, port }: ServerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const authorisation = new Set([
  "AUTHORIZATION_VIOLATION",
  "AUTHENTICATION_EXPIRED",
  "AUTHENTICATION_TIMEOUT",
  "ACCOUNT_EXPIRED",
  "PERMISSIONS_VIOLATION",
]);

/** Which of our codes a code of the client is. */
export function codeOf(natsCode: unknown): ErrorCode {
  return typeof natsCode === "string" && authorisation.has(natsCode) ? "PERMISSION_DENIED" : "SERVER_FAILED";
}

const unreachable = new Set(["CONNECTION_REFUSED", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"]);

function dialError(thrown: unknown, address: ServerAddress): CoxswainError {
  if (thrown instanceof CoxswainError) return thrown;
  const { code: natsCode, message } = thrown as { code?: unknown; message?: unknown };
  const code = unreachable.has(String(natsCode)) ? "SERVER_NOT_FOUND" : codeOf(natsCode);
  const said = typeof message === "string" && message !== "" ? message : String(natsCode ?? thrown);
  const where = `nats://${urlHost(address)}`;
  return new CoxswainError(code, `Cannot connect to ${where}: ${said}`, {
    cause: thrown,
    details: { where },
  });
}

/** "127.0.0.1:4222" or "[::1]:4222", as a server tells of another one. */
export function parseAddress(text: string): ServerAddress {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
