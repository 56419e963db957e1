import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Crew } from "./logs/index.ts";

/** What a crew's process is told when it starts. It goes through the channel between them: a URL may hold a password. */
export interface CrewOrder {
  readonly system: string;
  readonly crew: Crew;
  readonly workers: number;
  readonly withinMs: number;
  readonly servers: string | readonly string[];
}

/** What a crew's process says. */
export type CrewWord =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "report"; readonly message: string };

export interface CrewProcess {
  readonly crew: Crew;
  readonly pid: number;
  /** Ends it: in order, and by force after five seconds. Idempotent. */
  close(): Promise<void>;
  /** Ends it now. */
  kill(): void;
}

const READY_WITHIN_MS = 20_000;
const CLOSED_WITHIN_MS = 5_000;

/** Starts a crew in an operating-system process of its own, and resolves when it has joined the system. */
export async function startCrewProcess(
  order: CrewOrder,
  onReport: (message: string) => void,
): Promise<CrewProcess> {
  const child = fork(fileURLToPath(new URL("crew-node.ts", import.meta.url)), [], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = (): void => void child.kill("SIGKILL");
  try {
    child.send(order);
    await untilReady(child, order.crew, onReport);
  } catch (error) {
    kill();
    throw error;
  }
  const close = async (): Promise<void> => {
    const timer = setTimeout(kill, CLOSED_WITHIN_MS);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  };
  return { crew: order.crew, pid: child.pid ?? 0, close, kill };
}

function untilReady(child: ChildProcess, crew: Crew, onReport: (message: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new Error(`The process of the ${crew} crew did not start: ${reason}`));
    const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN_MS / 1_000} s`), READY_WITHIN_MS);
    // Stays, as a word to a process that has just ended is an error event too.
    child.on("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`it ended with ${signal ?? `code ${code}`}`);
    });
    child.on("message", (word: CrewWord) => {
      if (word.kind === "report") return onReport(word.message);
      clearTimeout(timer);
      if (word.kind === "failed") fail(word.reason);
      else resolve();
    });
  });
}
