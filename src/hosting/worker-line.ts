import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { plainError } from "./plain-error.ts";
import type { Order, Report } from "./words.ts";

/** The worker's end of the line to its node. */
export interface WorkerLine {
  readonly post: (report: Report) => void;
  /** Ends the worker. */
  readonly close: () => void;
}

export function openWorkerLine(onOrder: (order: Order) => void): WorkerLine {
  return isMainThread ? processLine(onOrder) : threadLine(onOrder);
}

function threadLine(onOrder: (order: Order) => void): WorkerLine {
  parentPort?.on("message", onOrder);
  return { post: (report) => parentPort?.postMessage(report), close: () => process.exit(0) };
}

function processLine(onOrder: (order: Order) => void): WorkerLine {
  const post = (report: Report, sent?: () => void): void => {
    // A line that is closed ends this process by "disconnect".
    process.send?.(report, undefined, undefined, () => sent?.());
  };
  const crashed = (error: unknown): void => {
    process.exitCode = 1;
    post({ type: "crashed", error: plainError(error) }, () => process.exit(1));
  };
  process.on("message", (order) => onOrder(order as Order));
  process.on("disconnect", () => process.exit(0));
  process.on("uncaughtException", crashed);
  // Ctrl-C reaches all processes of a terminal; the node says when this one is to end.
  process.on("SIGINT", () => {});
  startGuard();
  return {
    post: (report) => post(report),
    close: () => {
      if (process.connected) process.disconnect();
    },
  };
}

/**
 * An endless loop keeps this process from hearing that its node is gone, so a thread of its own looks for it.
 * It also ends the process, as V8 does at its heap's limit, where memory outside of the heap blows up in one turn.
 */
function startGuard(): void {
  const workerData = { pid: process.ppid, rssMaxBytes: Number(process.argv[2]) * 1_048_576 };
  const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };
  new Worker(guard, { eval: true, workerData, resourceLimits, stdout: false, execArgv: [] }).unref();
}

const guard = `
const { workerData: { pid, rssMaxBytes } } = require("node:worker_threads");
setInterval(() => {
  if (process.ppid !== pid) process.kill(process.pid, "SIGKILL");
  if (process.memoryUsage.rss() > rssMaxBytes) process.kill(process.pid, "SIGABRT");
}, 100);
`;
