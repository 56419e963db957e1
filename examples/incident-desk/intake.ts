import { stat } from "node:fs/promises";
import { relative } from "node:path";
import { type Crew, crewOf, findLogs, recognizeLog } from "./logs/index.ts";
import { crews, type FileFailure, filesMax, type LogFile, nameBytesMax } from "./tasks.ts";
import { reasonOf, wellFormed } from "./text.ts";

/** Which crew gets which files. */
export interface Intake {
  readonly files: Readonly<Record<Crew, readonly LogFile[]>>;
  /** Files that could not be looked into, so that nobody got them. */
  readonly failures: readonly FileFailure[];
  /** Whether there were more than the 1,000 files of a run, or folders too deep. */
  readonly isCut: boolean;
}

/** Looked at in one go: each costs the beginning of a file. */
const LOOKED_AT_ONCE = 8;

/** Finds the logs at `paths`, folders with all below them, recognises each by its beginning, and assigns it to a crew. */
export async function takeIn(
  paths: readonly string[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Intake> {
  const found = new Set<string>();
  let isCut = false;
  for (const path of paths) {
    signal?.throwIfAborted();
    const logs = await findLogs(path, { filesMax });
    for (const log of logs.paths) found.add(log);
    isCut ||= logs.isCut;
  }
  const chosen = [...found].slice(0, filesMax);
  const files: Record<Crew, LogFile[]> = { service: [], messaging: [], database: [] };
  const failures: FileFailure[] = [];
  for (let i = 0; i < chosen.length; i += LOOKED_AT_ONCE) {
    signal?.throwIfAborted();
    const looked = await Promise.all(chosen.slice(i, i + LOOKED_AT_ONCE).map(lookInto));
    for (const file of looked) {
      if ("reason" in file) failures.push(file);
      else files[crewOf(file.format)].push(file);
    }
  }
  return { files, failures, isCut: isCut || found.size > filesMax };
}

/** How many files each crew has, in the crews' order. */
export function filesOf(intake: Intake): [Crew, readonly LogFile[]][] {
  return crews.map((crew) => [crew, intake.files[crew]]);
}

async function lookInto(path: string): Promise<LogFile | FileFailure> {
  const name = nameOf(path);
  try {
    const { size } = await stat(path);
    return { path, name, format: await recognizeLog(path), sizeBytes: size };
  } catch (error) {
    return { name, reason: reasonOf(error) };
  }
}

/** A path as a person here would write it, in at most 200 bytes: its end says more than its beginning. */
export function nameOf(path: string, folder = process.cwd()): string {
  const near = relative(folder, path);
  const name = wellFormed(near === "" || near.startsWith("..") ? path : near);
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const end = [...name].slice(-nameBytesMax);
  while (Buffer.byteLength(end.join("")) > nameBytesMax - 3) end.shift();
  return `…${end.join("")}`;
}
