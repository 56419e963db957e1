import type { CommonFacts, FormatFacts, LogFacts } from "./facts.ts";
import { crewOf, detectFormat, isJsonLines, type LogFormat } from "./formats.ts";
import { FunctionReader } from "./functions-reader.ts";
import { KernelReader } from "./kernel-facts.ts";
import { MysqlSlowReader } from "./mysql-slow-reader.ts";
import { NatsReader } from "./nats-reader.ts";
import { openLog } from "./open-log.ts";
import {
  PostgresCloudSqlReader,
  PostgresCsvReader,
  PostgresJsonReader,
  PostgresStderrReader,
} from "./postgres-reader.ts";
import type { LogReader } from "./reader.ts";
import { JsonObjectSplitter } from "./split-json.ts";
import { LineSplitter } from "./split-lines.ts";
import { TemplateReader } from "./template-reader.ts";

export interface ReadProgress {
  path: string;
  /** Of the file as it is stored; of a gzip file, packed bytes. */
  readBytes: number;
  sizeBytes: number;
  lines: number;
}

export interface ReadLogOptions {
  signal?: AbortSignal;
  /** Called after every chunk that was read, some hundred kilobytes. */
  onProgress?: (progress: ReadProgress) => void;
  /** Reads the file as this format instead of recognising it. */
  format?: LogFormat;
}

/** So much of a log is looked at to recognise it. */
const SAMPLE_BYTES = 64 * 1024;

const readers: Readonly<Record<LogFormat, () => LogReader<FormatFacts>>> = {
  "gcp-functions": () => new FunctionReader(),
  kernel: () => new KernelReader(),
  "postgres-stderr": () => new PostgresStderrReader(),
  "postgres-json": () => new PostgresJsonReader(),
  "postgres-csv": () => new PostgresCsvReader(),
  "postgres-cloudsql": () => new PostgresCloudSqlReader(),
  "mysql-slow": () => new MysqlSlowReader(),
  "nats-server": () => new NatsReader(),
  unknown: () => new TemplateReader(),
};

/**
 * Reads a log file through, plain or gzip, in memory that does not grow with it, and says what is in it. Rejects if
 * the file cannot be opened or the signal aborts; what cannot be understood is counted, and damage is noted.
 */
export async function readLog(path: string, options: ReadLogOptions = {}): Promise<LogFacts> {
  const { signal, onProgress } = options;
  const source = await openLog(path, signal === undefined ? {} : { signal });
  const reading = new Reading(path, options.format);
  try {
    for await (const chunk of source.chunks()) {
      reading.take(chunk);
      onProgress?.({ path, readBytes: source.readBytes, sizeBytes: source.sizeBytes, lines: reading.lines });
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    reading.damage.push(`${path}: ${error.message}`);
  }
  signal?.throwIfAborted();
  reading.end();
  onProgress?.({ path, readBytes: source.sizeBytes, sizeBytes: source.sizeBytes, lines: reading.lines });
  return reading.facts();
}

/** What a log file is, by its beginning: to choose who reads it before it is read. */
export async function recognizeLog(path: string): Promise<LogFormat> {
  const reading = new Reading(path, undefined);
  try {
    for await (const chunk of (await openLog(path, { chunkBytes: SAMPLE_BYTES })).chunks()) {
      reading.take(chunk);
      if (reading.format !== undefined) break;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  reading.end();
  return reading.facts().format;
}

/** Whether reading failed for what is in the file, which does not take away what was read before. */
function isDamage(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

/** The parts that fit the log under way, chosen when enough of it was seen. */
interface Parts {
  format: LogFormat;
  splitter: LineSplitter | JsonObjectSplitter;
  reader: LogReader<FormatFacts>;
}

class Reading {
  lines = 0;
  readonly damage: string[] = [];
  readonly #path: string;
  readonly #format: LogFormat | undefined;
  #parts: Parts | undefined;
  #sample: Buffer[] = [];
  #sampleBytes = 0;
  #bytes = 0;

  constructor(path: string, format: LogFormat | undefined) {
    this.#path = path;
    this.#format = format;
  }

  /** The format, once enough was seen to recognise it. */
  get format(): LogFormat | undefined {
    return this.#parts?.format;
  }

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#parts !== undefined) {
      this.#feed(this.#parts, this.#parts.splitter.push(chunk));
      return;
    }
    this.#sample.push(chunk);
    this.#sampleBytes += chunk.length;
    if (this.#sampleBytes >= SAMPLE_BYTES) this.#begin();
  }

  end(): void {
    const { splitter, reader } = this.#parts ?? this.#begin();
    if (splitter instanceof LineSplitter) this.#feed({ reader }, splitter.end());
    else splitter.end();
    reader.end();
  }

  facts(): LogFacts {
    const { format, splitter, reader } = this.#parts ?? this.#begin();
    const misread = splitter instanceof LineSplitter ? 0 : splitter.malformed;
    const common: CommonFacts = {
      format,
      crew: crewOf(format),
      paths: [this.#path],
      files: 1,
      lines: this.lines,
      bytes: this.#bytes,
      cutLines: splitter instanceof LineSplitter ? splitter.cutLines : 0,
      malformed: { count: reader.malformed.count + misread, samples: [...reader.malformed.samples] },
      time: reader.time,
      damage: this.damage,
    };
    return { ...reader.facts(), ...common };
  }

  #begin(): Parts {
    const sample = Buffer.concat(this.#sample);
    const head = sample
      .subarray(0, SAMPLE_BYTES)
      .toString("utf8")
      .replace(/^\uFEFF/, "");
    // The last line of the sample may be cut off.
    const lines = head.split(/\r?\n/);
    const format = this.#format ?? detectFormat(lines.length > 1 ? lines.slice(0, -1) : lines);
    const isDocument =
      (format === "gcp-functions" || format === "postgres-json" || format === "postgres-cloudsql") &&
      !isJsonLines(head);
    const splitter = isDocument ? new JsonObjectSplitter() : new LineSplitter();
    const parts = { format, splitter, reader: readers[format]() };
    this.#parts = parts;
    this.#sample = [];
    const start = sample.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
    this.#feed(parts, splitter.push(sample.subarray(start)));
    return parts;
  }

  #feed({ reader }: Pick<Parts, "reader">, pieces: readonly string[]): void {
    for (const piece of pieces) reader.take(piece);
    this.lines += pieces.length;
  }
}
