import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { CoxswainError } from "../../protocols/index.ts";
import { lockedExitCode, watchdogScript } from "./watchdog.ts";

const logLinesMax = 200;
const logLineMaxChars = 500;

/** How a server ended. `expected` where `stop` was called before. */
export interface ServerExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly expected: boolean;
  /** The last lines of its log. */
  readonly log: readonly string[];
}

export interface ServerCommand {
  readonly path: string;
  readonly configFile: string;
  /** Removed when the server has ended. */
  readonly runFolder: string;
  readonly storeLock: string | undefined;
}

/** A nats-server and its watchdog. Nothing of it throws; `exited` always settles. */
export class ServerProcess {
  readonly exited: Promise<ServerExit>;
  readonly #watchdog: ChildProcess;
  readonly #log: string[] = [];
  #pid: number | undefined;
  #stopping = false;
  #listener: ((line: string) => void) | undefined;

  constructor(command: ServerCommand) {
    const { path, configFile, runFolder, storeLock = "" } = command;
    const args = ["-c", watchdogScript, "coxswain-watchdog", runFolder, storeLock, path, "-c", configFile];
    // Detached: Ctrl-C in the terminal reaches us, who stop in order, and not the server before we have.
    this.#watchdog = spawn("/bin/sh", args, { detached: true, stdio: ["pipe", "ignore", "pipe"] });
    this.#readLog();
    this.exited = this.#untilExit(runFolder);
  }

  get log(): readonly string[] {
    return [...this.#log];
  }

  /** Resolves with where it listens once it takes clients; "locked" where its store is in use. */
  ready(timeoutMs: number): Promise<{ readonly port: number; readonly pid: number } | "locked"> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new CoxswainError("SERVER_FAILED", `nats-server ${what}`, { details: { log: this.log } }));
      const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
      let port: number | undefined;
      let started = false;
      this.#listener = (line) => {
        port = portOf(line) ?? port;
        started ||= /\[INF\] Server is ready$/.test(line);
        if (!started || port === undefined || this.#pid === undefined) return;
        clearTimeout(timer);
        resolve({ port, pid: this.#pid });
      };
      void this.exited.then(({ code, signal }) => {
        clearTimeout(timer);
        if (code === lockedExitCode) resolve("locked");
        else fail(`ended with ${signal ?? `code ${code}`} before it was ready: ${this.#reason()}`);
      });
    });
  }

  /** Ends it in order, and by force when that takes longer than `limitMs`. Idempotent. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#send("TERM");
    const timer = setTimeout(() => this.#send("KILL"), limitMs);
    await this.exited;
    clearTimeout(timer);
  }

  #send(signal: "TERM" | "KILL"): void {
    if (this.#watchdog.stdin?.writable) this.#watchdog.stdin.write(`${signal}\n`);
  }

  #reason(): string {
    const telling =
      this.#log.findLast((line) => /\[(FTL|ERR)\]|^nats-server:/.test(line)) ?? this.#log.at(-1);
    return telling ?? "it said nothing";
  }

  #readLog(): void {
    const { stdin, stderr } = this.#watchdog;
    // A watchdog that is gone takes no signal; `exited` tells.
    stdin?.on("error", () => {});
    if (stderr === null) return;
    createInterface({ input: stderr }).on("line", (line) => {
      this.#pid ??= pidOf(line);
      this.#log.push(line.slice(0, logLineMaxChars));
      if (this.#log.length > logLinesMax) this.#log.shift();
      this.#listener?.(line);
    });
  }

  #untilExit(runFolder: string): Promise<ServerExit> {
    return new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        rmSync(runFolder, { recursive: true, force: true });
        resolve({ ...exitOf(code, signal), expected: this.#stopping, log: this.log });
      };
      this.#watchdog.once("error", (error) => {
        this.#log.push(error.message);
        end(null, null);
      });
      this.#watchdog.once("exit", (_code, signal) => {
        // A watchdog that was itself killed left the server behind; the pipe's end lets its helper end too.
        if (signal !== null && this.#pid !== undefined) killQuietly(this.#pid);
        this.#watchdog.stdin?.destroy();
      });
      this.#watchdog.once("close", end);
    });
  }
}

/** The watchdog says the server's process id first. */
function pidOf(line: string): number | undefined {
  const digits = /^watchdog: server (\d+)$/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function portOf(line: string): number | undefined {
  const digits = /Listening for client connections on .*:(\d+)$/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A shell reports a child ended by signal n as code 128 + n. */
function exitOf(
  code: number | null,
  signal: string | null,
): { code: number | undefined; signal: string | undefined } {
  if (code === null || code <= 128) return { code: code ?? undefined, signal: signal ?? undefined };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? { code, signal: undefined } : { code: undefined, signal: name };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was gone already.
  }
}
