import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { serverBinary } from "./nats-server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const mainFile = fromHere("../../src/cli/main.ts");
export const exampleFile = (name: string): string => fromHere(`../../examples/${name}`);

interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
}

/** A program of ours that runs in a terminal: what it prints, and how it ends. Killed when disposed. */
export interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  /** Its exit code; 128 + n where signal n ended it. */
  readonly ended: Promise<number>;
  /** Waits until it has printed this, on either output. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A place of its own to run programs in: no server runs there but those they start. */
export interface Terminal extends AsyncDisposable {
  readonly folder: string;
  /** Runs `coxswain …`. */
  coxswain(args: readonly string[], options?: ProgramOptions): Running;
  /** Runs a file with Node. */
  node(args: readonly string[], options?: ProgramOptions): Running;
}

export async function openTerminal(): Promise<Terminal> {
  const folder = await temporaryFolder();
  await mkdir(join(folder.path, "node_modules"));
  await writeFile(join(folder.path, "package.json"), '{ "type": "module" }');
  const { path: binary } = await serverBinary("2.10.27");
  const { NATS_URL: _, COXSWAIN_SYSTEM: __, NO_COLOR: ___, FORCE_COLOR: ____, ...outer } = process.env;
  const base: NodeJS.ProcessEnv = {
    ...outer,
    NATS_SERVER_BIN: binary,
    XDG_CACHE_HOME: join(folder.path, "cache"),
    NODE_OPTIONS: `--import ${new URL("coxswain-by-name.ts", import.meta.url).href}`,
  };
  const started: Running[] = [];
  const node: Terminal["node"] = (args, { env } = {}) => {
    const running = start(args, folder.path, { ...base, ...env });
    started.push(running);
    return running;
  };
  return {
    folder: folder.path,
    node,
    coxswain: (args, options) => node([mainFile, ...args], options),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((running) => running[Symbol.asyncDispose]()));
      await folder[Symbol.asyncDispose]();
    },
  };
}

function start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  // A test that ran out of time disposes of nothing.
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number>((resolve) => {
    child.once("close", (code, signal) => {
      process.removeListener("exit", kill);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  return {
    child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    ended,
    said: (pattern) =>
      vi.waitFor(
        () => {
          const match = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (match !== null) return match;
          throw new Error(
            `Expected ${args.slice(1).join(" ")} to say ${pattern}, got:\n${stdout}\n${stderr}`,
          );
        },
        { timeout: 15_000, interval: 20 },
      ),
    [Symbol.asyncDispose]: async () => {
      kill();
      await ended;
    },
  };
}

/** Everything a program printed, once it has ended. */
export async function output(running: Running): Promise<{ stdout: string; stderr: string; code: number }> {
  const code = await running.ended;
  return { stdout: running.stdout, stderr: running.stderr, code };
}
