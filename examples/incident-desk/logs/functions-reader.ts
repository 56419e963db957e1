import { addCounts, addOne, own, type Ranked, type Row, shorten, Table, Tally } from "./bounded.ts";
import { type Execution, ExecutionBook, type ExecutionFacts } from "./executions.ts";
import { objectOf, parsedJson, textOf } from "./json-value.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";
import { calendarTimeMs } from "./timestamp.ts";

export interface FunctionErrorRow extends Row {
  sample: string;
  firstMs?: number;
  lastMs?: number;
}

export interface FunctionFacts {
  kind: "functions";
  entries: number;
  bySeverity: Record<string, number>;
  /** Entries by function, or by service where Cloud Run wrote them. */
  byFunction: Ranked<Row>;
  executions: ExecutionFacts;
  /** Kills for memory that the platform reported without an execution's id, as Cloud Run does. */
  memoryKillsOfInstances: number;
  timeoutsOfRequests: number;
  /** Instances the platform says it started; first-generation functions do not log them. */
  coldStarts: number;
  /** Entries of severity ERROR and above, with `#` for numbers. */
  errors: Ranked<FunctionErrorRow>;
}

const started = /^Function execution started/;
const finished =
  /^Function execution took (\d+) ms[.,] [Ff]inished with status(?: code)?: '?([\w ]+?)'?\.?\s*$/;
const memoryKill = new RegExp(
  [
    "^Function invocation was interrupted\\. Error: memory limit exceeded",
    "^Memory limit of .* exceeded with .* used",
    "^Exceeded (?:soft|hard) (?:private )?memory limit",
    "^While handling this request, the (?:container instance|process) .*(?:was found to be )?using too much memory",
  ].join("|"),
);
const requestTimeout = /^The request has been terminated because it has reached the maximum request timeout/;
const newInstance = /^Starting new instance\. Reason: /;
const severe = new Set(["ERROR", "CRITICAL", "ALERT", "EMERGENCY"]);

/** Reads Cloud Logging entries of Cloud Functions and Cloud Run, each the text of one JSON object. */
export class FunctionReader implements LogReader<FunctionFacts> {
  readonly #notes = new ReaderNotes();
  readonly #executions = new ExecutionBook();
  readonly #byFunction = newTally();
  readonly #errors = newErrors();
  readonly #bySeverity: Record<string, number> = {};
  readonly #counts = { entries: 0, memoryKillsOfInstances: 0, timeoutsOfRequests: 0, coldStarts: 0 };

  take(text: string): void {
    const value = parsedJson(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#notes.misread(text);
      return;
    }
    const entry = objectOf(value);
    const severity = textOf(entry.severity) ?? "DEFAULT";
    const atMs = calendarTimeMs(textOf(entry.timestamp) ?? "")?.ms;
    const isSevere = severe.has(severity);
    const message = messageOf(entry);
    const functionName = functionOf(entry);
    this.#counts.entries += 1;
    addOne(this.#bySeverity, severity);
    this.#notes.seen(atMs, isSevere);
    if (functionName !== undefined) this.#byFunction.count(functionName);
    if (isSevere) this.#error(message, atMs);
    const part = { ...partOf(message, atMs), ...(isSevere && { errors: 1 }) };
    const id = textOf(objectOf(entry.labels).execution_id);
    if (id !== undefined)
      this.#executions.note({
        id,
        ...(functionName !== undefined && { functionName: own(functionName) }),
        ...part,
      });
    else if (part.isMemoryKill === true) this.#counts.memoryKillsOfInstances += 1;
    else if (part.isTimeout === true) this.#counts.timeoutsOfRequests += 1;
    if (newInstance.test(message)) this.#counts.coldStarts += 1;
  }

  end(): void {}

  facts(): FunctionFacts {
    return {
      kind: "functions",
      ...this.#counts,
      bySeverity: { ...this.#bySeverity },
      byFunction: this.#byFunction.ranked(),
      executions: this.#executions.facts(),
      errors: this.#errors.ranked(),
    };
  }

  get malformed() {
    return this.#notes.malformed;
  }

  get time() {
    return this.#notes.time;
  }

  #error(message: string, atMs: number | undefined): void {
    const times = atMs === undefined ? {} : { firstMs: atMs, lastMs: atMs };
    const key = shorten(
      message
        .slice(0, 500)
        .replace(/\d+(?:\.\d+)*/g, "#")
        .trim(),
      300,
    );
    this.#errors.add({ key, count: 1, sample: shorten(message.trim(), 300), ...times });
  }
}

/** What a message says of the execution it belongs to. */
function partOf(message: string, atMs: number | undefined): Omit<Execution, "id"> {
  if (started.test(message)) return atMs === undefined ? {} : { startedMs: atMs };
  const end = finished.exec(message);
  if (end !== null) {
    const status = own(end[2] ?? "");
    return { durationMs: Number(end[1]), status, ...(status === "timeout" && { isTimeout: true }) };
  }
  if (memoryKill.test(message)) return { isMemoryKill: true };
  return requestTimeout.test(message) ? { isTimeout: true } : {};
}

type Json = Readonly<Record<string, unknown>>;

function messageOf(entry: Json): string {
  const json = objectOf(entry.jsonPayload);
  const audit = objectOf(objectOf(entry.protoPayload).status);
  return textOf(entry.textPayload) ?? textOf(json.message) ?? textOf(audit.message) ?? "";
}

function functionOf(entry: Json): string | undefined {
  const labels = objectOf(objectOf(entry.resource).labels);
  const name = textOf(labels.function_name) ?? textOf(labels.service_name);
  return name === "" ? undefined : name;
}

function newTally(): Tally {
  return new Tally({ rowsMax: 100 });
}

function newErrors(): Table<FunctionErrorRow> {
  return new Table({
    rowsMax: 200,
    join: (into, row) => {
      if (row.firstMs !== undefined) into.firstMs = Math.min(into.firstMs ?? row.firstMs, row.firstMs);
      if (row.lastMs !== undefined) into.lastMs = Math.max(into.lastMs ?? row.lastMs, row.lastMs);
    },
  });
}

export function mergeFunctions(a: FunctionFacts, b: FunctionFacts): FunctionFacts {
  return {
    kind: "functions",
    entries: a.entries + b.entries,
    bySeverity: addCounts(a.bySeverity, b.bySeverity),
    byFunction: newTally().addAll(a.byFunction).addAll(b.byFunction).ranked(),
    executions: new ExecutionBook().addAll(a.executions).addAll(b.executions).facts(),
    memoryKillsOfInstances: a.memoryKillsOfInstances + b.memoryKillsOfInstances,
    timeoutsOfRequests: a.timeoutsOfRequests + b.timeoutsOfRequests,
    coldStarts: a.coldStarts + b.coldStarts,
    errors: newErrors().addAll(a.errors).addAll(b.errors).ranked(),
  };
}
