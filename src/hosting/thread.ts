import type { HeapInfo } from "node:v8";
import { Worker } from "node:worker_threads";
import { toWireError } from "../../protocols/index.ts";
import { type Embedded, type Ended, inheritedFlags, type StartEmbedded, workerFile } from "./embedded.ts";
import { usedBytesOf } from "./heap.ts";
import { youngMaxMb } from "./heap-watch.ts";
import type { Order, Report } from "./words.ts";

/** Since Node 22.16. It is answered also while the thread's code runs. */
interface WithHeapStatistics {
  getHeapStatistics?(): Promise<HeapInfo>;
}

/**
 * Where we can look into the thread's heap ourselves, V8 gets a wide limit, in MiB: it gives a thread that meets its own
 * limit only 16 MiB more, and ends the whole process if one allocation needs more than that.
 */
function hardLimitMb(heapMaxMb: number): number {
  const sampled = "getHeapStatistics" in Worker.prototype;
  return sampled ? heapMaxMb * 4 + 1_024 : heapMaxMb;
}

export const startThread: StartEmbedded = (address, { heapMaxMb }, { onReport, onEnd }) => {
  const worker = new Worker(workerFile, {
    name: address,
    ...flags(),
    resourceLimits: {
      maxOldGenerationSizeMb: hardLimitMb(heapMaxMb),
      maxYoungGenerationSizeMb: youngMaxMb,
    },
  });
  let online = false;
  let ended: Ended | undefined;
  worker.on("online", () => {
    online = true;
  });
  worker.on("message", (report: Report) => onReport(report));
  worker.on("error", (error: Error & { code?: string }) => {
    ended =
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? { kind: "heap" }
        : { kind: "crashed", error: toWireError(error) };
  });
  const gone = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      onEnd(ended ?? { kind: "crashed", error: byItself(code) });
      resolve();
    });
  });
  return {
    post: (order: Order) => worker.postMessage(order),
    // Asked before, it would never answer.
    usedBytes: () =>
      online ? (worker as WithHeapStatistics).getHeapStatistics?.().then(usedBytesOf) : undefined,
    kill: () => void worker.terminate(),
    forsake: () => worker.unref(),
    gone,
  } satisfies Embedded;
};

/** Flags are inherited; but one that says how to read a program given as text does not go with a file. */
function flags(): { execArgv?: string[] } {
  const asText = process.execArgv.some((flag) => flag.startsWith("--input-type"));
  return asText ? { execArgv: inheritedFlags() } : {};
}

function byItself(code: number): { code: string; message: string } {
  return { code: "ACTOR_FAILED", message: `Its thread ended by itself, with code ${code}` };
}
