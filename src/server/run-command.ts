import { execFile } from "node:child_process";

export interface CommandResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** Both outputs' last 2,000 characters, and why it could not run: for an error message. */
  readonly report: string;
}

/** Runs a command to its end; it is killed after `timeoutMs`. Never rejects. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { timeoutMs: number; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  const { timeoutMs, ...rest } = options;
  return new Promise((resolve) => {
    const settings = {
      ...rest,
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: 4 * 1024 * 1024,
    } as const;
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      const why = error === null ? "" : error.killed ? `no end within ${timeoutMs} ms` : error.message;
      resolve({ ok: error === null, stdout, report: `${stdout}${stderr}${why}`.trim().slice(-2_000) });
    });
    child.stdin?.end();
  });
}
