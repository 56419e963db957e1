import { parsedJson } from "./json-value.ts";
import { PostgresCounter } from "./postgres-counter.ts";
import { cloudSqlLine, csvEntry, jsonEntry, type PostgresEntry, stderrHeader } from "./postgres-entry.ts";
import type { PostgresFacts } from "./postgres-facts.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";
import { CsvSplitter } from "./split-csv.ts";

/** An entry over many lines keeps so much of its message. */
const MESSAGE_CHARS_MAX = 20_000;

/** What the four formats share: entries come in, facts go out. */
abstract class PostgresReader implements LogReader<PostgresFacts> {
  readonly #counter = new PostgresCounter();
  protected readonly notes = new ReaderNotes();

  abstract take(piece: string): void;
  end(): void {}

  facts(): PostgresFacts {
    return this.#counter.facts();
  }

  get malformed() {
    return this.notes.malformed;
  }

  get time() {
    return this.notes.time;
  }

  protected entry(entry: PostgresEntry): void {
    this.notes.seen(entry.atMs, this.#counter.take(entry));
  }
}

/** Reads `log_destination = 'stderr'`, also behind syslog: an entry goes on until the next line with a header. */
export class PostgresStderrReader extends PostgresReader {
  #open: PostgresEntry | undefined;

  take(line: string): void {
    this.line(line, undefined);
  }

  override end(): void {
    if (this.#open !== undefined) this.entry(this.#open);
    this.#open = undefined;
  }

  protected line(line: string, atMs: number | undefined): void {
    const header = stderrHeader(line);
    if (header === undefined) {
      this.#goOn(line);
      return;
    }
    this.end();
    this.#open = atMs === undefined ? header : { ...header, atMs };
  }

  #goOn(line: string): void {
    if (this.#open === undefined) this.notes.misread(line);
    else if (this.#open.message.length + line.length < MESSAGE_CHARS_MAX) this.#open.message += `\n${line}`;
  }
}

/** Reads Cloud Logging entries of Cloud SQL, whose text is what the server wrote on stderr. */
export class PostgresCloudSqlReader extends PostgresStderrReader {
  override take(text: string): void {
    const entry = cloudSqlLine(parsedJson(text));
    if (entry === undefined) this.notes.misread(text);
    else for (const line of entry.text.split("\n")) this.line(line, entry.atMs);
  }
}

/** Reads `log_destination = 'jsonlog'`. */
export class PostgresJsonReader extends PostgresReader {
  take(text: string): void {
    const entry = jsonEntry(parsedJson(text));
    if (entry === undefined) this.notes.misread(text);
    else this.entry(entry);
  }
}

/** Reads `log_destination = 'csvlog'`. */
export class PostgresCsvReader extends PostgresReader {
  readonly #csv = new CsvSplitter();

  take(line: string): void {
    const given = this.#csv.malformed;
    const fields = this.#csv.push(line);
    if (this.#csv.malformed > given) this.notes.misread(line);
    if (fields === undefined) return;
    const entry = csvEntry(fields);
    if (entry === undefined) this.notes.misread(line);
    else this.entry(entry);
  }

  override end(): void {
    const given = this.#csv.malformed;
    this.#csv.end();
    if (this.#csv.malformed > given) this.notes.misread("a record that the file ends in");
  }
}
