import { createServer, type Server, type Socket } from "node:net";
import { CoxswainError } from "../../../protocols/index.ts";
import { realEnv } from "../../env/env.ts";
import { checkOptions, numberOption } from "../../transport/options.ts";
import type { ProxyCounts } from "./counts.ts";
import { FaultDesk, type ProxyFaults } from "./faults.ts";
import { Connection, type ConnectionWorld, type ProxiedConnection } from "./proxied-connection.ts";
import { type ProxyTarget, targetOf } from "./proxy-options.ts";
import { type ProxyReport, Reports } from "./reports.ts";

export interface NatsProxyOptions {
  /** The server: "nats://127.0.0.1:4222". It need not be there yet; a login in it is put into the proxy's `url`. No TLS. */
  readonly target: string;
  /** Told what the proxy does: who connects, which rule acted on what, which limit was reached. */
  readonly onReport?: (report: ProxyReport) => void;
  /**
   * For each direction of a connection: so much is kept that cannot be handed on (stalled, delayed, or not taken by the
   * other side) before its sender has to wait; and so much may be held, or be one frame, before the connection is
   * reset with a report. Default 16 MiB.
   */
  readonly bufferMaxBytes?: number;
  /** The port to listen on; default a free one. */
  readonly port?: number;
}

/** A TCP proxy before a nats-server that reads what passes, and can do to it what a bad day does. Close it with `await using`. */
export interface NatsProxy extends ProxyFaults, AsyncDisposable {
  /** "nats://127.0.0.1:40123": what clients are to connect to. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly counts: ProxyCounts;
  /** The latest 200 reports, for the text of a test that fails. */
  readonly log: readonly string[];
  /** Those that are open, in order of arrival. */
  readonly connections: readonly ProxiedConnection[];
  /** Closes every rule and resets every connection. Idempotent. */
  close(): Promise<void>;
}

const host = "127.0.0.1";

/**
 * Starts a proxy on the loopback before a server. Without rules it changes nothing but the server's INFO, in which it
 * puts itself in the place of the server and of its cluster, so that clients come back to it. It speaks no TLS: a server
 * or client that insists on it is ended with a report.
 *
 * @example
 * await using proxy = await natsProxy({ target: server.url });
 * const rule = proxy.drop(isPubAck({ stream: "orders" })); // once
 * await client.publish("orders.1"); // against proxy.url: stored, and nobody says so
 * await rule.matched;
 *
 * @throws OPTION_INVALID; SERVER_FAILED if it cannot listen.
 */
export async function natsProxy(options: NatsProxyOptions): Promise<NatsProxy> {
  checkOptions("natsProxy", options, ["target", "onReport", "bufferMaxBytes", "port"]);
  const target = targetOf(options.target);
  const bufferMaxBytes = numberOption("bufferMaxBytes", options.bufferMaxBytes, 16 * 1_048_576, 4_096);
  const port = numberOption("port", options.port, 0, 0, 65_535);
  const proxy = new RunningProxy(target, bufferMaxBytes, new Reports(options.onReport));
  await proxy.listen(port);
  return proxy;
}

class RunningProxy extends FaultDesk implements NatsProxy, ConnectionWorld {
  readonly host = host;
  readonly target: ProxyTarget;
  readonly bufferMaxBytes: number;
  readonly #server: Server;
  readonly #open = new Set<Connection>();
  #port = 0;
  #arrived = 0;
  #closed: Promise<void> | undefined;

  constructor(target: ProxyTarget, bufferMaxBytes: number, reports: Reports) {
    super(reports, realEnv);
    this.target = target;
    this.bufferMaxBytes = bufferMaxBytes;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#arrive(socket));
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const text = `Expected to listen on ${host}:${port}, but: ${cause.message}`;
        reject(new CoxswainError("SERVER_FAILED", text, { cause }));
      });
      this.#server.listen(port, host, () => {
        this.#port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://${this.target.login}${host}:${this.#port}`;
  }

  get counts(): ProxyCounts {
    return { ...this.reports.counters };
  }

  get log(): readonly string[] {
    return this.reports.log;
  }

  get connections(): readonly Connection[] {
    return [...this.#open];
  }

  #arrive(socket: Socket): void {
    const number = ++this.#arrived;
    if (this.refuses(number)) {
      socket.on("error", () => {});
      socket.resetAndDestroy();
      return;
    }
    const connection = new Connection(number, socket, this);
    this.#open.add(connection);
    this.reports.counters.connections++;
    this.reports.add("connection", number, `opened from port ${socket.remotePort}`);
    this.offer(connection);
  }

  gone(connection: Connection): void {
    this.#open.delete(connection);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.closeRules();
      this.#server.close(() => resolve());
      for (const connection of this.#open) connection.cutOff();
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
