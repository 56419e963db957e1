import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ChildOptions {
  /** What it prints goes there. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A network namespace to run in. */
  readonly namespace?: string;
}

/** A process of the run, which speaks by messages and ends when we do. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Settles when it has ended, for whatever reason. */
  readonly exited: Promise<unknown>;
  readonly alive: boolean;
  /** Nothing is said where it has ended. */
  send(message: Message): void;
  /** The next message of the type. @throws Error where it ends first */
  next(type: string): Promise<Message>;
  onMessage(listener: (message: Message) => void): void;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a file of this folder's parent with this Node. */
export function startChild(file: string, args: readonly string[], options: ChildOptions): Child {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const command = [process.execPath, path, ...args];
  const { namespace, logFile, env } = options;
  // `ip netns exec` becomes the command: the process id is that of the node.
  const [program = "", ...rest] =
    namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
  const child = spawn(program, rest, {
    // In a group of its own: Ctrl-C is for us, who end it in order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...env },
  });
  const log = createWriteStream(logFile, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  return new RunningChild(child, file);
}

class RunningChild implements Child {
  readonly exited: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #alive = true;

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    // A killed process may still have messages on their way to it.
    child.on("error", () => {});
    this.exited = once(child, "exit").then(() => {
      this.#alive = false;
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`Cannot run ${this.#name}`);
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#alive;
  }

  send(message: Message): void {
    if (this.#alive && this.#child.connected) this.#child.send(message, () => {});
  }

  onMessage(listener: (message: Message) => void): void {
    this.#child.on("message", (message) => listener(message as Message));
  }

  next(type: string): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: unknown): void => {
        if ((message as Message).type !== type) return;
        this.#child.off("message", onMessage);
        resolve(message as Message);
      };
      this.#child.on("message", onMessage);
      void this.exited.then(() => reject(new Error(`${this.#name} ended before it said "${type}"`)));
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#alive) this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.exited;
  }
}
