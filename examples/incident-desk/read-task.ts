import type { Job } from "coxswain/machines";
import { readLog } from "./logs/index.ts";
import { type Room, sendable } from "./sendable.ts";
import { logFile, type ReadProgress, type ReadResult } from "./tasks.ts";

/** The facts of one file travel alone, so they may nearly fill a message. */
const roomOfAFile: Room = { bytesMax: 900_000, valuesMax: 50_000 };
/** No more than twenty reports a second, or a fast reader would talk more than read. */
const PROGRESS_EVERY_MS = 50;

/** What a reader does with its task: reads the log through, and says meanwhile how far it is. */
export async function read({ task, signal, progress }: Job): Promise<ReadResult> {
  const { path, name, format } = logFile.parse(task);
  const startedMs = performance.now();
  let toldMs = Number.NEGATIVE_INFINITY;
  const facts = await readLog(path, {
    format,
    signal,
    onProgress: ({ readBytes, sizeBytes, lines }) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < PROGRESS_EVERY_MS && readBytes < sizeBytes) return;
      toldMs = nowMs;
      progress({ file: name, bytes: readBytes, ofBytes: sizeBytes, lines } satisfies ReadProgress);
    },
  });
  const named = { ...facts, paths: [name] };
  return { facts: sendable(named, roomOfAFile), tookMs: Math.round(performance.now() - startedMs) };
}
