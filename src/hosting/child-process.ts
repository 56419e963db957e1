import { type ChildProcess, fork } from "node:child_process";
import type { WireError } from "../../protocols/index.ts";
import { type Embedded, inheritedFlags, type StartEmbedded, workerFile } from "./embedded.ts";
import type { Order, Report } from "./words.ts";

/** What a process needs besides its actor's heap: code, V8's own, the guard thread, garbage not yet given back; in MiB. */
const processMb = 256;

export const startProcess: StartEmbedded = (_address, { heapMaxMb }, { onReport, onEnd }) => {
  const rssMaxMb = heapMaxMb * 2 + processMb;
  const child = fork(workerFile, [String(rssMaxMb)], {
    serialization: "advanced",
    execArgv: [...inheritedFlags(), `--max-old-space-size=${heapMaxMb}`],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  passOn(child);
  let crashed: WireError | undefined;
  child.on("message", (report) => onReport(report as Report));
  const gone = new Promise<void>((resolve) => {
    let over = false;
    const end = (error: WireError | undefined): void => {
      if (over) return;
      over = true;
      onEnd(error === undefined ? { kind: "heap" } : { kind: "crashed", error });
      resolve();
    };
    child.on("error", (error) => {
      crashed = failed(`Its process could not be reached: ${error.message}`);
      if (child.pid === undefined) end(crashed);
    });
    child.on("exit", (code, signal) => {
      // V8 aborts at the limit of its heap, and the guard does as it does.
      if (signal === "SIGABRT" || code === 134) return end(undefined);
      end(crashed ?? failed(`Its process ended by itself, ${signal ?? `with code ${code}`}`));
    });
  });
  return {
    post: (order: Order) => {
      // A line that is closed is noticed by "exit".
      if (child.connected) child.send(order, () => {});
    },
    usedBytes: () => undefined,
    kill: () => void child.kill("SIGKILL"),
    forsake: () => {
      child.unref();
      child.channel?.unref();
    },
    gone,
  } satisfies Embedded;
};

/** What the child writes to standard error, but for V8's last words, of which the node tells in one line. */
function passOn({ stderr }: ChildProcess): void {
  let fatal = false;
  stderr?.on("data", (chunk: Buffer) => {
    fatal ||= /<--- Last few GCs --->|FATAL ERROR/.test(chunk.toString());
    if (!fatal) process.stderr.write(chunk);
  });
}

function failed(message: string): WireError {
  return { code: "ACTOR_FAILED", message };
}
