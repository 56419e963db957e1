import { kernelMessage } from "./kernel-message.ts";
import { isOomLine } from "./kernel-oom.ts";
import { natsLine } from "./nats-line.ts";
import { stderrHeader } from "./postgres-entry.ts";

/** What a log was recognised as; `unknown` is anything else, which is read by mining its templates. */
export type LogFormat =
  | "gcp-functions"
  | "kernel"
  | "postgres-stderr"
  | "postgres-json"
  | "postgres-csv"
  | "postgres-cloudsql"
  | "mysql-slow"
  | "nats-server"
  | "unknown";

export type Crew = "service" | "messaging" | "database";

/** The crew that knows what a log of this format means; unknown ones go to the service crew. */
export function crewOf(format: LogFormat): Crew {
  if (format === "nats-server") return "messaging";
  if (format.startsWith("postgres") || format === "mysql-slow") return "database";
  return "service";
}

/** Recognises a log by its first lines: the format most of the lines agree on, if they are enough. */
export function detectFormat(lines: readonly string[]): LogFormat {
  const json = jsonFormat(lines);
  if (json !== undefined) return json;
  const some = lines.filter((line) => line.trim() !== "");
  const share = (is: (line: string) => boolean) => some.filter(is).length / Math.max(1, some.length);
  if (some.some((line) => /^# User@Host: /.test(line)) && some.some((line) => /^# Query_time: /.test(line))) {
    return "mysql-slow";
  }
  if (share((line) => natsLine(line) !== undefined) > 0.5) return "nats-server";
  if (share(isCsvRecord) > 0 && isCsvRecord(some[0] ?? "")) return "postgres-csv";
  // A statement over many lines leaves few that have a header of their own.
  const indented = share((line) => line.startsWith("\t"));
  if (share((line) => stderrHeader(line) !== undefined) > 0.3 * (1 - indented)) return "postgres-stderr";
  if (some.some(isOomLine) || share((line) => kernelMessage(line).prefixed) > 0.5) return "kernel";
  return "unknown";
}

const csvTime = /^"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z+\-\d:]+"?,/;
const csvSeverity = /,(?:DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC),[0-9A-Z]{5},/;

function isCsvRecord(line: string): boolean {
  return csvTime.test(line) && csvSeverity.test(line);
}

function jsonFormat(lines: readonly string[]): LogFormat | undefined {
  const head = lines.slice(0, 200).join("\n").trimStart();
  if (!head.startsWith("{") && !head.startsWith("[")) return undefined;
  // A document over many lines cannot be parsed in part; its members still show in the text.
  if (/cloudsql\.googleapis\.com(?:%2F|\/)postgres|"cloudsql_database"/.test(head))
    return "postgres-cloudsql";
  if (/"error_severity"\s*:/.test(head) && /"message"\s*:/.test(head)) return "postgres-json";
  if (/"(?:textPayload|protoPayload|jsonPayload)"\s*:/.test(head) && /"resource"\s*:/.test(head))
    return "gcp-functions";
  return undefined;
}

/** Whether a JSON log is one object a line, which is faster to read than a document over many lines. */
export function isJsonLines(head: string): boolean {
  const firstLine = head.trimStart().split("\n", 1)[0] ?? "";
  if (!firstLine.startsWith("{")) return false;
  try {
    const value: unknown = JSON.parse(firstLine);
    return typeof value === "object" && value !== null && !("entries" in value);
  } catch {
    return false;
  }
}
