/** What happened, as a hash over all of it and the last lines as text. Two runs of one seed have the same hash. */
export class Trace {
  readonly #linesMax: number;
  #lines: string[] = [];
  #one = 0x9e3779b9;
  #other = 0x85ebca6b;

  /** @param linesMax so many lines are kept at least; the hash is over all of them */
  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  line(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at));
    this.#mix(10);
    this.#lines.push(text);
    if (this.#lines.length >= 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax);
  }

  /** Something happened at a time, and is not worth a line. */
  tick(atMs: number, what: number): void {
    this.#mix(Math.floor(atMs));
    this.#mix(Math.floor((atMs % 1) * 4_294_967_296));
    this.#mix(what);
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#linesMax);
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, "0");
    return hex(this.#one) + hex(this.#other);
  }

  #mix(value: number): void {
    this.#one = Math.imul(this.#one ^ value, 0x01000193);
    this.#other = Math.imul(this.#other ^ value ^ (this.#one >>> 15), 0xc2b2ae35);
    this.#other ^= this.#other >>> 13;
  }
}
