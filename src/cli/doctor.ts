import { isCoxswainError } from "../../protocols/index.ts";
import {
  findServer,
  type RunningServer,
  type ServerBinary,
  type ServerFlushes,
  startServer,
} from "../server/index.ts";
import { chooseServer, connectionOptions, serverOptions, withoutSecret } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { examineServer } from "./examine-server.ts";
import { type Paint, paintFor, plainText, print, toJson } from "./output.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  /** `note`: how it is, neither good nor bad. */
  readonly state: "fine" | "missing" | "note";
  readonly says: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export const doctor: Command = {
  name: "doctor",
  summary: "say what works here, what is proved, and what is missing",
  usage: "doctor [options]",
  says: `Looks at this Node, the nats-server binary and the server: its version, JetStream, cluster, whether this
user may do what a system does, and which failures (of a process, a node, the power) acknowledged messages
outlive, with the reason, and the level that is proved for durable agents. Without a server an embedded one
is started for the moment. Ends with 1 where something is missing, and says how to get it.`,
  example: "coxswain doctor --servers nats://127.0.0.1:4222",
  options: {
    ...serverOptions,
    system: { type: "string", value: "NAME", says: "Try the permissions for this system; default any" },
    zone: { type: "string", value: "NAME", says: 'Try them for this trust zone; default "main"' },
    replicas: {
      type: "string",
      value: "N",
      says: "Judge streams that are kept N times; default as the system's are, else 1",
    },
    sync: {
      type: "string",
      value: "always",
      says: "State how the servers flush to disk, where it cannot be seen: always, or every so many milliseconds",
    },
    json: { type: "boolean", says: "One JSON document" },
  },
  positionalsMax: 0,
  run: async (given) => {
    const findings: Finding[] = [nodeFinding(process.versions.node, process.features.typescript)];
    const binary = await findServer().catch((error: unknown) => error as Error);
    findings.push(binaryFinding(binary), ...(await serverFindings(given, binary)));
    if (given.flag("json")) print(toJson({ findings }, 2));
    else print(findingsText(findings, paintFor(process.stdout)));
    return findings.some(({ state }) => state === "missing") ? exitCodes.failed : exitCodes.ok;
  },
};

/** Judges the version of Node. */
export function nodeFinding(version: string, typescript: unknown): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    const says = `${version} is too old`;
    return { what: "node", state: "missing", says, remedy: "Node 20.19 or newer" };
  }
  return typescript === "strip" || typescript === "transform"
    ? { what: "node", state: "fine", says: `${version}, runs TypeScript` }
    : { what: "node", state: "fine", says: `${version}; scripts in TypeScript need Node 22.18 or newer` };
}

function binaryFinding(binary: ServerBinary | Error | undefined): Finding {
  const what = "binary";
  if (binary instanceof Error) {
    return { what, state: "missing", says: binary.message, remedy: "unset NATS_SERVER_BIN, or correct it" };
  }
  if (binary !== undefined) {
    return { what, state: "fine", says: `nats-server ${binary.version}, ${binary.path} (${binary.from})` };
  }
  const remedy = "coxswain setup fetches it; or install it, or set NATS_SERVER_BIN";
  return { what, state: "missing", says: "no nats-server here to embed", remedy };
}

async function serverFindings(
  given: Given,
  binary: ServerBinary | Error | undefined,
): Promise<readonly Finding[]> {
  const choice = await chooseServer(given);
  if (choice !== undefined) {
    const { servers, from, running } = choice;
    const says = `${withoutSecret(servers)} (${from}${running === undefined ? "" : `, pid ${running.pid}`})`;
    return [{ what: "server", state: "note", says }, ...(await examined(given, servers, running?.sync))];
  }
  if (binary === undefined || binary instanceof Error) return [];
  await using started = await startServer({ binary: binary.path, bring: false });
  const says = "none is named or runs here; this is an embedded one, as createSystem starts it";
  return [{ what: "server", state: "note", says }, ...(await examined(given, started.url, started.sync))];
}

async function examined(
  given: Given,
  servers: string,
  sync: RunningServer["sync"] | undefined,
): Promise<readonly Finding[]> {
  const stated = syncOf(given);
  try {
    return await examineServer({
      options: connectionOptions(given, servers),
      system: given.text("system") ?? process.env.COXSWAIN_SYSTEM,
      zone: given.text("zone") ?? "main",
      replicas:
        given.text("replicas") === undefined ? undefined : given.count("replicas", 1, { min: 1, max: 5 }),
      sync,
      stated,
    });
  } catch (error) {
    if (!isCoxswainError(error)) throw error;
    const remedy =
      error.code === "PERMISSION_DENIED"
        ? "log in: nats://user:password@host, or --creds FILE"
        : "start that server, or name another one";
    return [{ what: "connection", state: "missing", says: error.message, remedy }];
  }
}

function syncOf(given: Given): ServerFlushes | undefined {
  const sync = given.text("sync");
  if (sync === undefined || sync === "always") return sync;
  const everyMs = Number(sync);
  if (Number.isSafeInteger(everyMs) && everyMs > 0) return { everyMs };
  throw new UsageError(`Expected --sync always or --sync <milliseconds>, got "${plainText(sync)}"`);
}

const marks = { fine: "✓", missing: "✗", note: "·" } as const;
const styles = { fine: "green", missing: "red", note: "dim" } as const;

function findingsText(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.flatMap(({ what, state, says, remedy }) => [
    `${paint(styles[state], marks[state])} ${what.padEnd(width)}  ${plainText(says)}`,
    ...(remedy === undefined ? [] : [`  ${" ".repeat(width)}  → ${plainText(remedy)}`]),
  ]);
  const missing = findings.filter(({ state }) => state === "missing").map(({ what }) => what);
  lines.push("", missing.length === 0 ? "Nothing is missing." : `Missing: ${missing.join(", ")}.`);
  return lines.join("\n");
}
