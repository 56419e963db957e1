import type { NatsConnection } from "nats";
import { CoxswainError } from "../../protocols/index.ts";
import { connectClient, type SystemClient } from "../client.ts";
import { type RunningServer, runningServers } from "../server/index.ts";
import { dial } from "../transport/nats-dial.ts";
import { type NatsOptions, natsSettings } from "../transport/nats-options.ts";
import { CommandFailure, type Given, type OptionSpecs, UsageError } from "./command.ts";
import { plainText, say } from "./output.ts";

/** How every command that looks into a system is told which. */
export const serverOptions: OptionSpecs = {
  servers: { type: "string", value: "URL", says: "The NATS server, or several separated by commas" },
  creds: { type: "string", value: "FILE", says: "A .creds file to log in with" },
  ca: { type: "string", value: "FILE", says: "Certificates to trust; the server must speak TLS" },
};
export const systemOptions: OptionSpecs = {
  system: { type: "string", value: "NAME", says: "The system, where the server has several" },
  zone: { type: "string", value: "NAME", says: 'The trust zone to send from; default "main"' },
  ...serverOptions,
};

export interface ServerChoice {
  readonly servers: string;
  readonly from: "--servers" | "NATS_URL" | "running here";
  /** What is known of an embedded server that was found running. */
  readonly running?: RunningServer;
}

/** The server that was named, else the only embedded one that runs here; undefined where there is none. @throws UsageError where several run */
export async function chooseServer(given: Given): Promise<ServerChoice | undefined> {
  const named = given.text("servers");
  if (named !== undefined) return { servers: named, from: "--servers" };
  const { NATS_URL } = process.env;
  if (NATS_URL) return { servers: NATS_URL, from: "NATS_URL" };
  const found = await runningServers();
  const [running] = found;
  if (running === undefined) return undefined;
  if (found.length === 1) return { servers: running.url, from: "running here", running };
  const list = found.map(({ url, program, ownerPid }) => `  --servers ${url}  ${program} (pid ${ownerPid})`);
  throw new UsageError(
    `${found.length} embedded servers run here; name one of them:\n${plainTextLines(list)}`,
  );
}

/** A server's URL as it may be shown. */
export function withoutSecret(servers: string): string {
  return servers.replace(/\/\/[^@/,]*@/g, "//…@");
}

function plainTextLines(lines: readonly string[]): string {
  return lines.map(plainText).join("\n");
}

export function connectionOptions(given: Given, servers: string): NatsOptions {
  const [creds, ca] = [given.text("creds"), given.text("ca")];
  return {
    servers,
    ...(creds === undefined ? {} : { credentialsFile: creds }),
    ...(ca === undefined ? {} : { tls: { caFile: ca } }),
  };
}

/** A client's own connection, without our transport around it. @throws SERVER_NOT_FOUND, SERVER_FAILED, PERMISSION_DENIED, OPTION_INVALID */
export function dialServer(options: NatsOptions): Promise<NatsConnection> {
  const settings = natsSettings({ name: "coxswain command line", ...options });
  return dial(settings, settings.servers);
}

/** The server of {@link chooseServer}, which must be there. @throws SERVER_NOT_FOUND, UsageError */
export async function serverFor(given: Given): Promise<ServerChoice> {
  const choice = await chooseServer(given);
  if (choice !== undefined) return choice;
  throw new CoxswainError(
    "SERVER_NOT_FOUND",
    "No server is named, and no embedded one runs here. Do one of these:\n" +
      "- start one: coxswain run <file>, or coxswain server\n" +
      "- name a running one: --servers nats://127.0.0.1:4222, or NATS_URL",
  );
}

/** Connects to the system that was named or is the only one. @throws SERVER_NOT_FOUND, UsageError and what `connectClient` does */
export async function openSystem(given: Given): Promise<SystemClient> {
  const choice = await serverFor(given);
  const options = connectionOptions(given, choice.servers);
  const system = await chooseSystem(given, options);
  const zone = given.text("zone");
  return connectClient({
    ...options,
    // An embedded server that has ended does not come back at the same port.
    ...(choice.running === undefined ? {} : { reconnectAttemptsMax: 3 }),
    system,
    ...(zone === undefined ? {} : { zone }),
    onReport: ({ level, message }) => level !== "info" && say(`coxswain ${level}: ${plainText(message)}`),
  });
}

async function chooseSystem(given: Given, options: NatsOptions): Promise<string> {
  const named = given.text("system") ?? process.env.COXSWAIN_SYSTEM;
  const connection = await dialServer(options);
  try {
    const systems = await systemsOn(connection).catch((error: unknown) => {
      // Who may not list streams may still use the system that was named.
      if (named !== undefined) return [named];
      throw new CoxswainError(
        "STORE_FAILED",
        "The systems on this server cannot be listed; name one: --system",
        {
          cause: error,
        },
      );
    });
    const [only] = systems;
    const where = connection.getServer();
    if (named !== undefined) {
      if (systems.includes(named)) return named;
      throw new UsageError(`No system "${plainText(named)}" on ${where}; ${listed(systems)}`);
    }
    if (only === undefined) throw new CommandFailure(`No system is on ${where} yet`);
    if (systems.length === 1) return only;
    throw new UsageError(`Several systems are on ${where}, name one with --system: ${systems.join(", ")}`);
  } finally {
    await connection.close();
  }
}

function listed(systems: readonly string[]): string {
  return systems.length === 0 ? "there is none yet" : `there are: ${systems.join(", ")}`;
}

/** Every system keeps its names in a bucket `cx_<system>`, which is a stream; beside it `cx_<system>_hosts`, and `cx_<system>_agents` where it has durable agents. */
export async function systemsOn(connection: NatsConnection): Promise<readonly string[]> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const buckets = new Set<string>();
  for await (const name of manager.streams.names()) {
    const bucket = /^KV_cx_([A-Za-z0-9_-]{1,71})$/.exec(name)?.[1];
    if (bucket !== undefined) buckets.add(bucket);
  }
  return systemsAmong(buckets);
}

/** The systems whose buckets these are, without their `cx_`. */
export function systemsAmong(buckets: ReadonlySet<string>): readonly string[] {
  const isPart = (bucket: string): boolean => {
    const [, system] = /^(.+)_(?:hosts|agents)$/.exec(bucket) ?? [];
    // A system may have such a name; then it has hosts of its own.
    return system !== undefined && buckets.has(system) && !buckets.has(`${bucket}_hosts`);
  };
  return [...buckets].filter((bucket) => bucket.length <= 64 && !isPart(bucket)).sort();
}
