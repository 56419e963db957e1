import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOf } from "../kit/durable.ts";
import { askMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";

interface Context {
  get(key: string): Promise<number | null>;
  set(key: string, value: number): void;
}
interface Sdk {
  object(description: object): unknown;
  serve(options: object): Promise<unknown>;
}

/** Ports of one side; the sides of one run do not run at the same time, but may be there together. */
function portsOf(side: string): {
  readonly service: number;
  readonly ingress: number;
  readonly admin: number;
} {
  const first = side.endsWith("off") ? 28_080 : 28_180;
  return { service: first, ingress: first + 1, admin: first + 2 };
}

/** A virtual object that counts: its state is durable with each call, calls of one key come one after the other. */
async function serveCounter({ side }: SideConfig): Promise<Record<string, never>> {
  const name: string = "@restatedev/restate-sdk";
  const { object, serve } = (await import(name)) as Sdk;
  const add = async (context: Context, { by }: { by: number }): Promise<number> => {
    const count = ((await context.get("count")) ?? 0) + by;
    context.set("count", count);
    return count;
  };
  const counter = object({ name: "counter", handlers: { add } });
  await serve({ services: [counter], port: portsOf(side).service, logger: () => {} });
  return {};
}

function startRestate(side: string, folder: string): ChildProcess {
  const system = `${process.platform}-${process.arch}`;
  const binary = createRequire(import.meta.url).resolve(
    `@restatedev/restate-server-${system}/bin/restate-server`,
  );
  const { ingress, admin } = portsOf(side);
  const unflushed = {
    RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: "true",
    RESTATE_METADATA_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: "true",
  };
  return spawn(
    binary,
    ["--base-dir", folder, "--listen-mode", "tcp", "--bind-ip", "127.0.0.1", "--no-logo"],
    {
      stdio: "ignore",
      env: {
        ...process.env,
        RESTATE_DISABLE_TELEMETRY: "true",
        RESTATE_DISABLE_PROMETHEUS: "true",
        RESTATE_LOG_FILTER: "error",
        RESTATE_INGRESS__BIND_PORT: String(ingress),
        RESTATE_ADMIN__BIND_PORT: String(admin),
        RESTATE_ADMIN__DISABLE_WEB_UI: "true",
        RESTATE_BIND_PORT: String(admin + 1),
        ...(side.endsWith("off") ? unflushed : {}),
      },
    },
  );
}

type Post = (port: number, path: string, body: object) => Promise<unknown>;

function poster(): Post {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_100 });
  return (port, path, body) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const options = { host: "127.0.0.1", port, path, method: "POST", agent, headers };
      const asked = request(options, (answer) => {
        let said = "";
        answer.on("data", (chunk) => {
          said += chunk;
        });
        answer.on("end", () => {
          const { statusCode = 500 } = answer;
          if (statusCode < 300) resolve(said);
          else reject(new Error(`${statusCode} ${said}`));
        });
      });
      asked.on("error", reject);
      asked.end(text);
    });
}

/** The server is up when it takes our service. */
async function register(post: Post, admin: number, service: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await post(admin, "/deployments", { uri: `http://127.0.0.1:${service}`, force: true });
      return;
    } catch (error) {
      if (tries === 120) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

await serveSide({
  far: serveCounter,
  near: async (config: SideConfig) => {
    const { side } = config;
    const folder = mkdtempSync(join(tmpdir(), "restate-"));
    const server = startRestate(side, folder);
    process.on("exit", () => server.kill("SIGKILL"));
    const { service, ingress, admin } = portsOf(side);
    const post = poster();
    await register(post, admin, service);
    return {
      round: (round) => {
        const { agents, messages, outstanding } = loadOf(round, config);
        let next = 0;
        const ask = (): Promise<unknown> =>
          post(ingress, `/counter/a${next++ % agents}/add`, { by: 1, note: text200 });
        // A fifth of them: it is an order of magnitude slower, and a round must not last for minutes.
        return askMany(ask, messages / 5, outstanding);
      },
      close: async () => {
        const ended = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGKILL");
        await ended;
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
});
