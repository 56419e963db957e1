import { existsSync } from "node:fs";
import { isIP } from "node:net";
import type { TlsOptions } from "nats";
import { quote } from "../../protocols/index.ts";
import { type Env, realEnv } from "../env/env.ts";
import { type Login, loginOf } from "./nats-login.ts";
import { checkOptions, numberOption, optionError, textOption } from "./options.ts";

export interface NatsTlsOptions {
  /** Certificates of the authorities that are trusted, as a file or as PEM text. Default: the system's. */
  readonly caFile?: string;
  readonly ca?: string;
  /** Our own certificate and key, where the server asks for them. */
  readonly certFile?: string;
  readonly cert?: string;
  readonly keyFile?: string;
  readonly key?: string;
  /** The handshake comes before the server's first word; the server must be set up for it. */
  readonly handshakeFirst?: boolean;
  /** The name the server's certificate must have, where it is not the one in the URL. */
  readonly servername?: string;
}

export interface NatsOptions {
  /** "nats://127.0.0.1:4222", or several of one cluster. Default: `NATS_URL`. A URL may hold `user:pass@` or `token@`. */
  readonly servers?: string | readonly string[];
  /** Shown in the server's list of connections. */
  readonly name?: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The seed of a user's nkey, "SU…". */
  readonly nkey?: string;
  /** Path of a `.creds` file. Read again for each connection, so that it may be renewed. */
  readonly credentialsFile?: string;
  /** `true` or options: the server must speak TLS. Default: where the server asks for it. */
  readonly tls?: boolean | NatsTlsOptions;
  /** Prefix of our own reply subjects, for users who may not subscribe to `_INBOX.>`. */
  readonly inboxPrefix?: string;
  /** A server that is silent for so long is given up; default 3,000. */
  readonly livenessMs?: number;
  /** For each try to connect; default 5,000. */
  readonly connectTimeoutMs?: number;
  /** About so long between two tries, with jitter; default 500. */
  readonly reconnectWaitMs?: number;
  /** Default: for ever. */
  readonly reconnectAttemptsMax?: number;
  /** Published while disconnected, waiting for the next connection; default 8 MiB. */
  readonly waitingMaxBytes?: number;
  /** Published faster than the connection takes it; default 64 MiB. */
  readonly outboundMaxBytes?: number;
  /** For each answer of the store; after it the outcome is unknown. Default 5,000. */
  readonly storeTimeoutMs?: number;
  /** Copies of buckets and streams in a cluster; default 1. More need servers from 2.10.27 on. */
  readonly replicas?: number;
  readonly env?: Env;
}

const optionNames = [
  ...["servers", "name", "user", "pass", "token", "nkey", "credentialsFile", "tls", "inboxPrefix"],
  ...["livenessMs", "connectTimeoutMs", "reconnectWaitMs", "reconnectAttemptsMax"],
  ...["waitingMaxBytes", "outboundMaxBytes", "storeTimeoutMs", "replicas", "env"],
];
const tlsNames = ["caFile", "ca", "certFile", "cert", "keyFile", "key", "handshakeFirst", "servername"];

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Options that were checked, with every default filled in. */
export interface NatsSettings {
  readonly servers: readonly ServerAddress[];
  readonly name: string | undefined;
  readonly tls: (TlsOptions & { servername?: string }) | undefined;
  readonly inboxPrefix: string | undefined;
  readonly livenessMs: number;
  readonly connectTimeoutMs: number;
  readonly reconnectWaitMs: number;
  readonly reconnectAttemptsMax: number;
  readonly waitingMaxBytes: number;
  readonly outboundMaxBytes: number;
  readonly storeTimeoutMs: number;
  readonly replicas: number;
  readonly env: Env;
  /** How to log in, asked anew for each connection. */
  login(): Promise<Login>;
}

/** @throws OPTION_INVALID. Secrets are never quoted. */
export function natsSettings(options: NatsOptions): NatsSettings {
  checkOptions("connectNats", options, optionNames);
  const urls = serverUrls(options.servers ?? process.env.NATS_URL);
  const secure = urls.some(({ protocol }) => protocol === "tls:");
  return {
    servers: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? 4222 : Number(port),
    })),
    name: textOption("name", options.name),
    tls: tlsSettings(options.tls ?? (secure ? true : undefined)),
    inboxPrefix: inboxPrefixOption(options.inboxPrefix),
    livenessMs: numberOption("livenessMs", options.livenessMs, 3_000, 100),
    connectTimeoutMs: numberOption("connectTimeoutMs", options.connectTimeoutMs, 5_000, 1),
    reconnectWaitMs: numberOption("reconnectWaitMs", options.reconnectWaitMs, 500, 1),
    reconnectAttemptsMax:
      options.reconnectAttemptsMax === undefined
        ? Number.POSITIVE_INFINITY
        : numberOption("reconnectAttemptsMax", options.reconnectAttemptsMax, 0, 0),
    waitingMaxBytes: numberOption("waitingMaxBytes", options.waitingMaxBytes, 8 * 1_048_576, 0),
    outboundMaxBytes: numberOption("outboundMaxBytes", options.outboundMaxBytes, 64 * 1_048_576, 65_536),
    storeTimeoutMs: numberOption("storeTimeoutMs", options.storeTimeoutMs, 5_000, 1),
    replicas: numberOption("replicas", options.replicas, 1, 1, 5),
    env: options.env ?? realEnv,
    login: loginOf(options, urls[0] as URL),
  };
}

const exampleUrl = "nats://127.0.0.1:4222";

function serverUrls(servers: unknown): URL[] {
  const texts = typeof servers === "string" ? servers.split(",") : servers;
  if (!Array.isArray(texts) || texts.length === 0) {
    throw optionError(`Expected servers (or NATS_URL) like "${exampleUrl}", got ${quote(servers)}`);
  }
  return texts.map(serverUrl);
}

function serverUrl(given: unknown): URL {
  const text = typeof given === "string" ? given.trim() : "";
  const full = text.includes("://") ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const usable =
    url !== undefined &&
    (url.protocol === "nats:" || url.protocol === "tls:") &&
    url.hostname !== "" &&
    /^\/?$/.test(url.pathname);
  if (usable) return url;
  throw optionError(
    `Expected a server like "${exampleUrl}" or "tls://…", got ${quote(withoutSecret(given))}`,
  );
}

function withoutSecret(given: unknown): unknown {
  return typeof given === "string" ? given.replace(/\/\/[^@/]*@/, "//…@") : given;
}

function tlsSettings(tls: unknown): NatsSettings["tls"] {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return {};
  if (typeof tls !== "object" || tls === null) {
    throw optionError(`Expected tls to be true or options like { caFile }, got ${quote(tls)}`);
  }
  checkOptions("tls", tls, tlsNames);
  for (const [name, value] of Object.entries(tls)) {
    const type = name === "handshakeFirst" ? "boolean" : "string";
    if (value !== undefined && typeof value !== type) {
      throw optionError(`Expected tls.${name} to be a ${type}, got a value of type ${typeof value}`);
    }
    if (name.endsWith("File") && value !== undefined && !existsSync(value)) {
      throw optionError(`Expected tls.${name} to be the path of a file, got ${quote(value)}`);
    }
  }
  return { ...tls };
}

function inboxPrefixOption(prefix: unknown): string | undefined {
  const text = textOption("inboxPrefix", prefix);
  if (text === undefined || /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(text)) return text;
  throw optionError(`Expected inboxPrefix like "_INBOX_crew", got ${quote(text)}`);
}

/** A cluster's other servers tell their IP address; their certificates may have the name we know. */
export function servernameFor(address: ServerAddress, known: readonly ServerAddress[]): string | undefined {
  if (isIP(address.host) === 0 || known.some(({ host }) => host === address.host)) return undefined;
  return known.find(({ host }) => isIP(host) === 0)?.host;
}
