/**
 * Joins lines to CSV records (RFC 4180): a quoted field may hold commas, doubled quotes and newlines. A record
 * longer than `recordCharsMax` is given up: it is counted, and reading goes on with the next line.
 */
export class CsvSplitter {
  malformed = 0;
  #fields: string[] = [];
  /** The quoted field a line ended in, with its newline. */
  #open: string | undefined;
  #chars = 0;
  readonly #recordCharsMax: number;

  constructor(recordCharsMax = 1024 * 1024) {
    this.#recordCharsMax = recordCharsMax;
  }

  /** The record that ends with `line`, or undefined while a quoted field goes on. */
  push(line: string): string[] | undefined {
    this.#chars += line.length + 1;
    if (this.#chars > this.#recordCharsMax) {
      this.malformed += 1;
      this.#drop();
      return undefined;
    }
    let at = 0;
    for (;;) {
      const field = this.#open !== undefined || line[at] === '"' ? this.#quoted(line, at) : plain(line, at);
      if (field === undefined) return undefined;
      this.#fields.push(field.text);
      if (field.end >= line.length) break;
      at = field.end + 1;
    }
    const record = this.#fields;
    this.#drop();
    return record;
  }

  /** Counts a record the file ended in. */
  end(): void {
    if (this.#open !== undefined) this.malformed += 1;
    this.#drop();
  }

  /** The quoted field that begins at `from`, or goes on there; undefined if it does not end in this line. */
  #quoted(line: string, from: number): { text: string; end: number } | undefined {
    let text = this.#open ?? "";
    let at = this.#open === undefined ? from + 1 : from;
    this.#open = undefined;
    for (;;) {
      const quote = line.indexOf('"', at);
      if (quote === -1) {
        this.#open = `${text}${line.slice(at)}\n`;
        return undefined;
      }
      text += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      text += '"';
      at += 1;
    }
    // What stands between the closing quote and the comma is no CSV, but it is text of this field.
    const rest = plain(line, at);
    return { text: text + rest.text, end: rest.end };
  }

  #drop(): void {
    this.#fields = [];
    this.#open = undefined;
    this.#chars = 0;
  }
}

function plain(line: string, from: number): { text: string; end: number } {
  const comma = line.indexOf(",", from);
  const end = comma === -1 ? line.length : comma;
  return { text: line.slice(from, end), end };
}
