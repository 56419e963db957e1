import { CoxswainError } from "../../protocols/index.ts";
import { capabilitiesOf } from "./capabilities.ts";

/** A value of nats-server's configuration. */
export type ConfigValue =
  | string
  | number
  | boolean
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/** Blocks of nats-server's configuration (users, TLS, accounts …), or its text. */
export type ServerConfig = Readonly<Record<string, ConfigValue>> | string;

export interface ConfigOptions {
  readonly version: string;
  readonly name: string;
  readonly storeDir: string;
  readonly port: number;
  /** `interval`: flushed to disk every second. `always`: before each acknowledgement, which survives a power cut. */
  readonly sync: "interval" | "always";
  readonly payloadMaxBytes: number;
  readonly extra: ServerConfig;
}

/**
 * The configuration file of an embedded server. What `extra` sets wins, key by key.
 *
 * @throws SERVER_TOO_OLD for `sync: "always"` on a server without it.
 */
export function serverConfig(options: ConfigOptions): string {
  const { extra } = options;
  const own: Record<string, ConfigValue> = {
    server_name: options.name,
    host: "127.0.0.1",
    port: options.port,
    max_payload: options.payloadMaxBytes,
    jetstream: { store_dir: options.storeDir, ...syncSetting(options) },
  };
  if (typeof extra === "string") return `${lines(own)}${extra}\n`;
  const { jetstream, ...rest } = extra;
  const merged =
    typeof jetstream === "object" && !Array.isArray(jetstream)
      ? { ...(own.jetstream as Record<string, ConfigValue>), ...jetstream }
      : (jetstream ?? own.jetstream);
  return lines({ ...own, ...rest, jetstream: merged as ConfigValue });
}

// A 2.9 server refuses to start with the setting, so it is written by version.
function syncSetting(options: ConfigOptions): Record<string, ConfigValue> {
  const { sync, version } = options;
  if (capabilitiesOf(version).syncInterval) return { sync_interval: sync === "always" ? "always" : "1s" };
  if (sync === "interval") return {};
  throw new CoxswainError(
    "SERVER_TOO_OLD",
    `nats-server ${version} cannot flush before each acknowledgement: \`sync: "always"\` needs 2.10 or newer`,
    { details: { version, needed: "2.10.0" } },
  );
}

/** nats-server reads JSON values. */
function lines(blocks: Readonly<Record<string, ConfigValue>>): string {
  return Object.entries(blocks)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}\n`)
    .join("");
}
