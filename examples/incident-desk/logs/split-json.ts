const byte = (text: string) => text.charCodeAt(0);
const QUOTE = byte('"');
const ESCAPE = byte("\\");
const OPEN_OBJECT = byte("{");
const CLOSE_OBJECT = byte("}");
const OPEN_ARRAY = byte("[");
const CLOSE_ARRAY = byte("]");
const COMMA = byte(",");
const COLON = byte(":");
const NEWLINE = 10;

/** The member of a top-level object that lists the objects, as Cloud Logging's dumps have it. */
const listKey = '"entries"';

/**
 * Cuts a stream of JSON into the texts of its objects without ever holding more than one: the members of an
 * `entries` array, of an array, or objects one after the other. It does not judge the inside of an object, that is
 * left to `JSON.parse`. What is no object, was cut off, or is larger than `objectBytesMax` is counted and skipped.
 */
export class JsonObjectSplitter {
  malformed = 0;
  readonly #objectBytesMax: number;
  #depth = 0;
  /** The depth at which an object is one to give out. */
  #itemDepth = 0;
  #inItem = false;
  #inString = false;
  #escaped = false;
  #inGarbage = false;
  /** The last byte that was no space: it tells whether an object may begin here. */
  #before = 0;
  /** What earlier chunks hold of the present object. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** The text of the last string in a top-level object, which may be the key of the list. */
  #key = "";
  #keyStart = -1;

  constructor(objectBytesMax = 1024 * 1024) {
    this.#objectBytesMax = objectBytesMax;
  }

  /** The texts of the objects that end within `chunk`. */
  push(chunk: Buffer): string[] {
    const texts: string[] = [];
    let start = 0;
    if (this.#keyStart !== -1) this.#keyStart = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const at = chunk[i] as number;
      if (this.#inString) this.#string(chunk, i, at);
      else if (at <= 32) {
        if (at === NEWLINE) this.#inGarbage = false;
      } else {
        if (at === OPEN_OBJECT && this.#open()) start = i;
        else if (at === OPEN_ARRAY) this.#openArray();
        else if (at === CLOSE_OBJECT || at === CLOSE_ARRAY) {
          if (this.#close()) this.#giveOut(texts, chunk, start, i + 1);
        } else if (at === QUOTE) this.#openString(i);
        else if (this.#depth === 0) this.#garbage();
        this.#before = at;
      }
    }
    if (this.#inItem) this.#keep(chunk.subarray(start));
    if (this.#keyStart !== -1) this.#key += chunk.toString("latin1", this.#keyStart, this.#keyStart + 64);
    return texts;
  }

  /** Counts an object the stream ended in. */
  end(): void {
    if (this.#inItem) this.malformed += 1;
    this.#drop();
  }

  #string(chunk: Buffer, i: number, at: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (at === ESCAPE) this.#escaped = true;
    else if (at === QUOTE) {
      this.#inString = false;
      if (this.#keyStart === -1) return;
      this.#key += chunk.toString("latin1", this.#keyStart, Math.min(i + 1, this.#keyStart + 64));
      this.#keyStart = -1;
    }
    // JSON has no raw newline in a string: the object was cut off, and the next line may begin another.
    if (at === NEWLINE) this.#reset();
  }

  #openString(at: number): void {
    this.#inString = true;
    this.#key = "";
    this.#keyStart = this.#depth === 1 && this.#itemDepth === 0 ? at : -1;
  }

  /** Whether an object to give out begins here. */
  #open(): boolean {
    const expected = this.#before === COLON || this.#before === COMMA || this.#before === OPEN_ARRAY;
    if (this.#depth > this.#itemDepth && !expected) this.#reset();
    const begins = this.#depth === this.#itemDepth && !this.#inItem;
    if (begins) this.#inItem = true;
    this.#depth += 1;
    return begins;
  }

  #openArray(): void {
    const isMember = this.#depth === 1 && this.#itemDepth === 0;
    if (this.#depth === 0 || (isMember && this.#before === COLON && this.#key === listKey)) {
      this.#itemDepth = this.#depth + 1;
      this.#drop();
    }
    this.#depth += 1;
  }

  /** Whether an object to give out ends here. */
  #close(): boolean {
    this.#depth = Math.max(0, this.#depth - 1);
    if (this.#depth < this.#itemDepth) this.#itemDepth = 0;
    return this.#inItem && this.#depth === this.#itemDepth;
  }

  #garbage(): void {
    if (!this.#inGarbage) this.malformed += 1;
    this.#inGarbage = true;
  }

  #reset(): void {
    this.malformed += 1;
    this.#inString = false;
    this.#escaped = false;
    this.#keyStart = -1;
    this.#depth = this.#itemDepth;
    this.#drop();
  }

  #drop(): void {
    this.#inItem = false;
    this.#parts = [];
    this.#partBytes = 0;
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes <= this.#objectBytesMax) this.#parts.push(Buffer.from(part));
    else this.#parts = [];
  }

  #giveOut(texts: string[], chunk: Buffer, start: number, end: number): void {
    if (this.#partBytes + end - start > this.#objectBytesMax) this.malformed += 1;
    else if (this.#partBytes === 0) texts.push(chunk.toString("utf8", start, end));
    else texts.push(Buffer.concat([...this.#parts, chunk.subarray(start, end)]).toString("utf8"));
    this.#drop();
  }
}
