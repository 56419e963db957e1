import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { extname, resolve } from "node:path";
import { type EmbeddedServer, startServer } from "../server/index.ts";
import { samePressMs } from "../signals.ts";
import { withoutSecret } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { say } from "./output.ts";

/** How long a script may take to end after Ctrl-C, before it is killed: twice what `drain` takes. */
const scriptEndsWithinMs = 10_000;

export const run: Command = {
  name: "run",
  summary: "run a script, with a NATS server of its own",
  usage: "run <file> [options] [-- arguments of the script]",
  says: `Starts an embedded nats-server, says where it is, and runs the script with NATS_URL set, so that its
createSystem joins that server. With --servers, or NATS_URL set, that server is used instead.
Ctrl-C stops the script first (its closeOnSignals(system) drains), then the server; a second one ends
both at once. Ends with the script's exit code. TypeScript needs Node 22.18 or newer.`,
  example: "coxswain run examples/hello.ts\ncoxswain run app.js --store ./data -- --port 8080",
  options: {
    servers: { type: "string", value: "URL", says: "Use this NATS server; no embedded one is started" },
    system: { type: "string", value: "NAME", says: "Sets COXSWAIN_SYSTEM for the script" },
    store: {
      type: "string",
      value: "DIR",
      says: "Keep the embedded server's streams; default a folder removed with it",
    },
  },
  positionalsMax: 1,
  run: async (given) => {
    const script = scriptOf(given);
    const system = given.text("system");
    const named = given.text("servers") ?? (process.env.NATS_URL || undefined);
    const storeDir = given.text("store");
    if (named !== undefined && storeDir !== undefined) {
      throw new UsageError("--store is for the embedded server; with --servers or NATS_URL none is started");
    }
    const env = { ...process.env, ...(system === undefined ? {} : { COXSWAIN_SYSTEM: system }) };
    if (named !== undefined) {
      say(`coxswain: using ${withoutSecret(named)}`);
      return await runScript(script, given.rest, { ...env, NATS_URL: named });
    }
    const server = await startServer({
      ...(storeDir === undefined ? {} : { storeDir }),
      onProgress: (step) => say(`coxswain: ${step}`),
    });
    say(`coxswain: nats-server ${server.version} at ${server.url}, open to any NATS client ("cx.>")`);
    try {
      return await runScript(script, given.rest, { ...env, NATS_URL: server.url }, server);
    } finally {
      await server.stop();
    }
  },
};

/** @throws UsageError without a file; CommandFailure for a file that cannot be run */
function scriptOf(given: Given): string {
  const [file] = given.positionals;
  if (file === undefined) throw new UsageError('Expected a file: "coxswain run <file>"');
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`There is no file "${file}"`);
  const refusal = refusalOf(file, process.features.typescript, process.version);
  if (refusal !== undefined) throw new CommandFailure(refusal);
  return path;
}

/** Why a file cannot be run by this Node, or undefined. `typescript` is `process.features.typescript`. */
export function refusalOf(file: string, typescript: unknown, version: string): string | undefined {
  const kind = extname(file);
  if (/^\.[cm]?js$/.test(kind)) return undefined;
  if (!/^\.[cm]?ts$/.test(kind)) return `Expected a script (.ts, .js, .mjs …), got "${file}"`;
  if (typescript === "strip" || typescript === "transform") return undefined;
  return `"${file}" is TypeScript, which Node ${version} does not run: use Node 22.18 or newer, or compile it to JavaScript`;
}

/** Runs the script to its end and passes on signals. @returns its exit code */
function runScript(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  server?: EmbeddedServer,
): Promise<number> {
  // In a process group of its own: Ctrl-C in the terminal reaches us alone, and the script once, through us.
  const child = spawn(process.execPath, ["--import", endsWithUs(), script, ...args], {
    env,
    detached: true,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // A script may say something on the channel that only shows it whether we live.
  child.on("message", () => {});
  const ending = passOnSignals(child);
  void server?.exited.then(({ expected, log }) => {
    if (expected) return;
    say(`coxswain: nats-server ended unexpectedly: ${log.at(-1) ?? "it said nothing"}`);
    ending.begin("SIGTERM");
  });
  return new Promise((settle, reject) => {
    child.once("error", (cause) => reject(new CommandFailure(`Cannot run ${script}: ${cause.message}`)));
    child.once("exit", (code, signal) => {
      ending.close();
      settle(code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0));
    });
  });
}

/** A module that ends the script when this process is gone, however that happened: its server is gone too. */
function endsWithUs(): string {
  // Not in workers or forks of the script, which inherit the option.
  const code = `import process from "node:process";
if (process.ppid === ${process.pid} && process.channel) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first signal goes to the script, which has a while to end; a second one ends everything at once. */
function passOnSignals(child: ChildProcess): { begin(signal: NodeJS.Signals): void; close(): void } {
  let begunAtMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const begin = (signal: NodeJS.Signals): void => {
    begunAtMs = performance.now();
    child.kill(signal);
    timer ??= setTimeout(() => {
      say(`coxswain: the script did not end within ${scriptEndsWithinMs / 1_000} s, and is killed`);
      child.kill("SIGKILL");
    }, scriptEndsWithinMs);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (begunAtMs === undefined) return begin(signal);
    if (performance.now() - begunAtMs < samePressMs) return;
    child.kill("SIGKILL");
    // The server ends with us.
    process.exit(signal === "SIGINT" ? exitCodes.interrupted : 128 + (constants.signals[signal] ?? 0));
  };
  for (const signal of signals) process.on(signal, onSignal);
  const close = (): void => {
    clearTimeout(timer);
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  return { begin, close };
}
