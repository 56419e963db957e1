import { rm } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "nats";
import { type EmbeddedServer, startServer } from "../../../src/server/index.ts";
import { freePort, untilJetStreamAnswers } from "../../support/nats-cluster.ts";

export interface ServersOptions {
  /** Their stores lie there, and outlive them. */
  readonly folder: string;
  /** One, or three that keep replicas together. */
  readonly count: 1 | 3;
}

/** The nats-servers of a run: killed, and started again where they were, over the same stores. */
export class Servers implements AsyncDisposable {
  readonly #options: ServersOptions;
  readonly #ports: readonly number[];
  readonly #routes: readonly number[];
  readonly #running = new Map<number, EmbeddedServer>();

  private constructor(options: ServersOptions, ports: readonly number[], routes: readonly number[]) {
    this.#options = options;
    this.#ports = ports;
    this.#routes = routes;
  }

  /** Resolves once JetStream answers. */
  static async start(options: ServersOptions): Promise<Servers> {
    for (let left = 2; ; left--) {
      const ports = await Promise.all(Array.from({ length: 2 * options.count }, freePort));
      const servers = new Servers(options, ports.slice(0, options.count), ports.slice(options.count));
      try {
        const starting = servers.#ports.map((_, index) => servers.restart(index));
        for (const each of await Promise.allSettled(starting))
          if (each.status === "rejected") throw each.reason;
        await untilJetStreamAnswers(servers.urls);
        return servers;
      } catch (error) {
        // A port that was free is somebody else's by now.
        await servers[Symbol.asyncDispose]();
        if (left === 0) throw error;
        const stores = servers.#ports.map((_, index) => join(options.folder, nameOf(index)));
        await Promise.all(stores.map((store) => rm(store, { recursive: true, force: true })));
      }
    }
  }

  get urls(): string[] {
    return this.#ports.map((port) => `nats://127.0.0.1:${port}`);
  }

  get ports(): readonly number[] {
    return this.#ports;
  }

  /** Resolves once its process is gone. */
  async kill(index: number): Promise<void> {
    const server = this.#running.get(index);
    if (server === undefined) return;
    this.#running.delete(index);
    process.kill(server.pid, "SIGKILL");
    await server.exited;
  }

  /** Nothing is done where it runs. */
  async restart(index: number): Promise<void> {
    if (this.#running.has(index)) return;
    const { folder, count } = this.#options;
    const routes = this.#routes.map((port) => `nats-route://127.0.0.1:${port}`);
    const listen = `127.0.0.1:${this.#routes[index]}`;
    const cluster = count === 1 ? {} : { cluster: { name: "fleet", listen, routes } };
    const server = await startServer({
      version: "2.10.27",
      port: this.#ports[index] ?? 0,
      storeDir: join(folder, nameOf(index)),
      // Nodes in namespaces of their own come from outside of the loopback.
      config: { server_name: nameOf(index), host: "0.0.0.0", ...cluster },
      startTimeoutMs: 30_000,
    });
    this.#running.set(index, server);
  }

  /** Which server leads a stream; undefined where it cannot be told just now. */
  async leaderOf(stream: string): Promise<number | undefined> {
    const connection = await connect({ servers: this.urls, maxReconnectAttempts: 1 });
    try {
      const manager = await connection.jetstreamManager({ timeout: 2_000 });
      const { cluster } = await manager.streams.info(stream);
      const index = this.#ports.findIndex((_, each) => nameOf(each) === cluster?.leader);
      return index < 0 ? undefined : index;
    } catch {
      return undefined;
    } finally {
      await connection.close();
    }
  }

  /** The stream that has the most messages in it. */
  async busiestStream(): Promise<string | undefined> {
    const connection = await connect({ servers: this.urls, maxReconnectAttempts: 1 });
    try {
      const manager = await connection.jetstreamManager({ timeout: 2_000 });
      const streams = await manager.streams.list().next();
      return streams.sort((a, b) => b.state.last_seq - a.state.last_seq)[0]?.config.name;
    } catch {
      return undefined;
    } finally {
      await connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map((server) => server.stop()));
  }
}

const nameOf = (index: number): string => `s${index + 1}`;
