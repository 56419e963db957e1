import type { Crew } from "./logs/index.ts";

/** A reader at its file, as far as its events say. */
export interface ReaderState {
  file: string | undefined;
  bytes: number;
  ofBytes: number;
  lines: number;
}

export interface CrewState {
  readonly crew: Crew;
  status: "waiting" | "working" | "done" | "failed" | "idle";
  readonly filesAll: number;
  filesRead: number;
  filesFailed: number;
  /** Of the files that were read through. */
  lines: number;
  reason: string | undefined;
  readonly readers: Map<string, ReaderState>;
}

/** What was heard of a run. Events may be lost, so it is for looking at; the report counts from facts. */
export class ViewState {
  readonly crews: readonly CrewState[];

  constructor(files: readonly (readonly [Crew, number])[], workers: number) {
    this.crews = files.map(([crew, filesAll]) => ({
      crew,
      status: filesAll === 0 ? "idle" : "waiting",
      filesAll,
      filesRead: 0,
      filesFailed: 0,
      lines: 0,
      reason: undefined,
      readers: new Map(
        filesAll === 0
          ? []
          : Array.from({ length: workers }, (_, i) => [
              `${crew}.worker${i + 1}`,
              { file: undefined, bytes: 0, ofBytes: 0, lines: 0 },
            ]),
      ),
    }));
  }

  get lines(): number {
    return this.crews.reduce((sum, crew) => sum + linesOf(crew), 0);
  }

  crew(name: string): CrewState | undefined {
    return this.crews.find(({ crew }) => crew === name);
  }

  crewStarted(name: string): void {
    const crew = this.crew(name);
    if (crew?.status === "waiting") crew.status = "working";
  }

  crewEnded(name: string, failure?: string): void {
    const crew = this.crew(name);
    if (crew === undefined) return;
    crew.status = failure === undefined ? "done" : "failed";
    crew.reason = failure;
    for (const reader of crew.readers.values()) reader.file = undefined;
  }

  fileStarted(name: string, address: string, file: string, ofBytes: number): void {
    this.crewStarted(name);
    this.crew(name)?.readers.set(address, { file, bytes: 0, ofBytes, lines: 0 });
  }

  progressed(name: string, address: string, progress: ReaderState): void {
    this.crew(name)?.readers.set(address, { ...progress });
  }

  /** @returns how many lines the file had, as far as was heard */
  fileEnded(name: string, address: string, isRead: boolean): number {
    const crew = this.crew(name);
    const reader = crew?.readers.get(address);
    if (crew === undefined || reader === undefined) return 0;
    crew[isRead ? "filesRead" : "filesFailed"] += 1;
    crew.lines += reader.lines;
    const { lines } = reader;
    Object.assign(reader, { file: undefined, bytes: 0, ofBytes: 0, lines: 0 });
    return lines;
  }
}

export function linesOf({ lines, readers }: CrewState): number {
  return [...readers.values()].reduce((sum, reader) => sum + reader.lines, lines);
}
