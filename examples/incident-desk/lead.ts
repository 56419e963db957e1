import type { ActorSystem } from "coxswain";
import type { Job } from "coxswain/machines";
import { work } from "coxswain/protocols";
import { Groups } from "./grouping.ts";
import type { Crew } from "./logs/index.ts";
import {
  type CrewResult,
  type CrewTask,
  crewTask,
  type LogFile,
  type ReadResult,
  readResult,
  reasonCharsMax,
} from "./tasks.ts";
import { oneLine, reasonOf } from "./text.ts";

/** How far reading may run ahead of the slowest file before it, whose facts must be put together first. */
const AHEAD_MAX = 64;

interface LeadOptions {
  /** How many files the crew reads at a time. */
  readonly workers: number;
  /** How long one file may take, in milliseconds. */
  readonly withinMs: number;
}

type Outcome = { readonly file: LogFile } & (
  | { readonly read: ReadResult }
  | { readonly error: unknown; readonly read?: undefined }
);

/**
 * What a crew's lead does with its files: gives each to the crew, and puts together what comes back. It sits with
 * the desk, so that it notices when the crew's process is gone.
 */
export function lead(system: ActorSystem, crew: Crew, { workers, withinMs }: LeadOptions) {
  return async ({ task, signal }: Job): Promise<CrewResult> => {
    const { files, whenAFileFails } = crewTask.parse(task);
    const readers = system.ref(crew, work);
    const gone = new AbortController();
    using _ = readers.watch((outcome) => {
      gone.abort(
        new Error(`The ${crew} crew is gone (${"reason" in outcome ? outcome.reason : outcome.kind})`),
      );
    });
    const ended = new AbortController();
    const stopped = AbortSignal.any([signal, gone.signal]);
    const unneeded = AbortSignal.any([stopped, ended.signal]);
    const read = async (file: LogFile): Promise<ReadResult> => {
      const { result } = await readers.ask({ type: "work", task: file }, { withinMs, signal: unneeded });
      return readResult.parse(result);
    };
    try {
      return await putTogether(outcomesOf(files, workers, read), stopped, whenAFileFails);
    } finally {
      // What is still being read for a crew that has failed is of no use.
      ended.abort();
    }
  };
}

/** Reads the files, `workers` at a time, and gives out what became of them in their order, each as soon as it may. */
async function* outcomesOf(
  files: readonly LogFile[],
  workers: number,
  read: (file: LogFile) => Promise<ReadResult>,
): AsyncGenerator<Outcome> {
  const inOrder: { readonly reading: Promise<void>; outcome?: Outcome }[] = [];
  const running = new Set<Promise<void>>();
  for (const file of files) {
    if (running.size >= workers) await Promise.race(running);
    const place: (typeof inOrder)[number] = {
      reading: read(file).then(
        (result) => {
          place.outcome = { file, read: result };
          running.delete(place.reading);
        },
        (error: unknown) => {
          place.outcome = { file, error };
          running.delete(place.reading);
        },
      ),
    };
    running.add(place.reading);
    inOrder.push(place);
    while (inOrder[0]?.outcome !== undefined) yield inOrder.shift()?.outcome as Outcome;
    if (inOrder.length >= AHEAD_MAX) await inOrder[0]?.reading;
  }
  for (const place of inOrder) {
    await place.reading;
    yield place.outcome as Outcome;
  }
}

async function putTogether(
  outcomes: AsyncIterable<Outcome>,
  signal: AbortSignal,
  whenAFileFails: CrewTask["whenAFileFails"],
): Promise<CrewResult> {
  const groups = new Groups();
  const result: CrewResult = { files: [], failures: [], groups: [] };
  for await (const outcome of outcomes) {
    signal.throwIfAborted();
    const { name, format, sizeBytes } = outcome.file;
    if (outcome.read === undefined) {
      const reason = oneLine(reasonOf(outcome.error), reasonCharsMax);
      if (whenAFileFails === "stop") throw new Error(`${name}: ${reason}`, { cause: outcome.error });
      result.failures.push({ name, reason });
      continue;
    }
    const { facts, tookMs } = outcome.read;
    groups.add(name, facts);
    result.files.push({ name, format, lines: facts.lines, bytes: facts.bytes, sizeBytes, tookMs });
  }
  return { ...result, groups: groups.groups() };
}
