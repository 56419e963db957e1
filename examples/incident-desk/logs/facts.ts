import type { Crew, LogFormat } from "./formats.ts";
import { type FunctionFacts, mergeFunctions } from "./functions-reader.ts";
import { type KernelFacts, mergeKernel } from "./kernel-facts.ts";
import { type MysqlSlowFacts, mergeMysqlSlow } from "./mysql-slow-reader.ts";
import { mergeNats, type NatsFacts } from "./nats-facts.ts";
import { mergePostgres, type PostgresFacts } from "./postgres-facts.ts";
import { type Malformed, mergeMalformed, mergeTimes, type TimeFacts } from "./reader.ts";
import { mergeTemplates, type TemplateFacts } from "./template-facts.ts";

export type FormatFacts =
  | FunctionFacts
  | KernelFacts
  | PostgresFacts
  | MysqlSlowFacts
  | NatsFacts
  | TemplateFacts;

/** What is known of every log that was read, whatever its format. */
export interface CommonFacts {
  format: LogFormat;
  crew: Crew;
  /** The files these facts are of, at most 100 of them named. */
  paths: string[];
  files: number;
  /** Lines; of a JSON document, its objects. */
  lines: number;
  /** Bytes of text, unpacked. */
  bytes: number;
  /** Lines longer than 64 KiB, of which only so much was read. */
  cutLines: number;
  malformed: Malformed;
  time: TimeFacts;
  /** Why a file could not be read to its end, such as a damaged gzip stream. */
  damage: string[];
}

/** What was found in a log, or in several of one format: plain data, so that it can travel as a message. */
export type LogFacts = CommonFacts & FormatFacts;

const PATHS_MAX = 100;
const DAMAGE_MAX = 20;

/** Puts together the facts of two logs of one kind, or of two parts of a log in order; undefined for two kinds. */
export function mergeFacts(a: LogFacts, b: LogFacts): LogFacts | undefined {
  const merged = mergeFormatFacts(a, b);
  if (merged === undefined) return undefined;
  return {
    ...merged,
    format: a.format,
    crew: a.crew,
    paths: [...a.paths, ...b.paths].slice(0, PATHS_MAX),
    files: a.files + b.files,
    lines: a.lines + b.lines,
    bytes: a.bytes + b.bytes,
    cutLines: a.cutLines + b.cutLines,
    malformed: mergeMalformed(a.malformed, b.malformed),
    time: mergeTimes(a.time, b.time),
    damage: [...a.damage, ...b.damage].slice(0, DAMAGE_MAX),
  };
}

function mergeFormatFacts(a: LogFacts, b: LogFacts): FormatFacts | undefined {
  if (a.kind === "functions" && b.kind === "functions") return mergeFunctions(a, b);
  if (a.kind === "kernel" && b.kind === "kernel") return mergeKernel(a, b);
  if (a.kind === "postgres" && b.kind === "postgres") return mergePostgres(a, b);
  if (a.kind === "mysql-slow" && b.kind === "mysql-slow") return mergeMysqlSlow(a, b);
  if (a.kind === "nats" && b.kind === "nats") return mergeNats(a, b);
  if (a.kind === "templates" && b.kind === "templates") return mergeTemplates(a, b);
  return undefined;
}
