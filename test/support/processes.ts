import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Whether a process runs: it exists, and is more than an entry that nobody has collected yet. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await listed(["-o", "stat=", "-p", String(pid)])).some((state) => !state.startsWith("Z"));
}

/** Processes whose command line contains `text`, as "pid command line". */
export async function processesNaming(text: string): Promise<string[]> {
  return (await listed(["-A", "-ww", "-o", "pid=,args="])).filter((line) => line.includes(text));
}

/** `ps` ends with 1 where it finds nothing. */
async function listed(args: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", args, { maxBuffer: 16 * 1024 * 1024 }).catch(
    (error: { code?: unknown; stdout: string }) => {
      if (error.code === 1) return { stdout: "" };
      throw error;
    },
  );
  return stdout.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

export interface Program extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line it prints, as JSON. */
  nextLine(): Promise<unknown>;
}

/** Runs a file of this folder with this Node, in a process group of its own; killed when disposed. */
export function runProgram(file: string, args: readonly string[]): Program {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.pid === undefined || child.stdout === null) throw new Error(`Cannot run ${path}`);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    pid: child.pid,
    nextLine: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${file} ended without another line`);
      return JSON.parse(value);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
