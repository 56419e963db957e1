const NEWLINE = 10;
const RETURN = 13;

/** Cuts a stream of chunks into lines. A line longer than `lineBytesMax` is cut there, and counted in `cutLines`. */
export class LineSplitter {
  cutLines = 0;
  /** The line begun by earlier chunks, at most `lineBytesMax` of it. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #overlong = false;
  readonly #lineBytesMax: number;

  constructor(lineBytesMax = 64 * 1024) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that end within `chunk`. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    let end = chunk.indexOf(NEWLINE);
    if (end !== -1 && (this.#begunBytes > 0 || this.#overlong)) {
      this.#begin(chunk.subarray(0, end));
      lines.push(this.#finish());
      start = end + 1;
      end = chunk.indexOf(NEWLINE, start);
    }
    while (end !== -1) {
      lines.push(this.#text(chunk, start, end));
      start = end + 1;
      end = chunk.indexOf(NEWLINE, start);
    }
    if (start < chunk.length) this.#begin(chunk.subarray(start));
    return lines;
  }

  /** The last line, if the stream did not end with a newline. */
  end(): string[] {
    return this.#begunBytes > 0 ? [this.#finish()] : [];
  }

  #begin(part: Buffer): void {
    const room = this.#lineBytesMax - this.#begunBytes;
    if (part.length > room) this.#overlong = true;
    const taken = Buffer.from(part.subarray(0, room));
    this.#begun.push(taken);
    this.#begunBytes += taken.length;
  }

  #finish(): string {
    const line = Buffer.concat(this.#begun);
    if (this.#overlong) this.cutLines += 1;
    this.#begun = [];
    this.#begunBytes = 0;
    this.#overlong = false;
    return this.#text(line, 0, line.length);
  }

  #text(bytes: Buffer, start: number, end: number): string {
    let stop = end;
    if (stop > start && bytes[stop - 1] === RETURN) stop -= 1;
    if (stop - start > this.#lineBytesMax) {
      this.cutLines += 1;
      stop = start + this.#lineBytesMax;
    }
    return bytes.toString("utf8", start, stop);
  }
}
