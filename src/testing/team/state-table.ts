import { CoxswainError } from "../../../protocols/index.ts";
import { Growing } from "./growing.ts";
import { identityOf } from "./identity.ts";

/** What makes a state the one it is: a text, or a row of numbers (as 32-bit integers). */
export type Key = string | ArrayLike<number>;

/** Numbers the states in the order in which they are found, from 0. */
export class StateTable<S> {
  readonly #keyOf: ((state: S) => Key) | undefined;
  readonly #rows = new RowTable();
  readonly #texts = new Map<string, number>();
  readonly #parts = new Map<string, number>();
  #count = 0;

  /** Without `keyOf` states are plain data, and those whose data is equal are the same. */
  constructor(keyOf: ((state: S) => Key) | undefined) {
    this.#keyOf = keyOf;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns the number of a state found before, or minus one minus the number of a new one. */
  add(state: S): number {
    const key = this.#keyOf === undefined ? this.#partsOf(state) : this.#keyOf(state);
    if (typeof key !== "string") {
      const found = this.#rows.find(key);
      if (found >= 0) return found;
      this.#rows.add(key);
      if (this.#texts.size > 0)
        throw new CoxswainError("OPTION_INVALID", "Expected all keys to be rows, or all to be texts");
    } else {
      const found = this.#texts.get(key);
      if (found !== undefined) return found;
      this.#texts.set(key, this.#count);
    }
    return -1 - this.#count++;
  }

  /** @returns its number, or -1. */
  find(state: S): number {
    const key = this.#keyOf === undefined ? this.#partsOf(state) : this.#keyOf(state);
    return typeof key === "string" ? (this.#texts.get(key) ?? -1) : this.#rows.find(key);
  }

  /** The same part comes in thousands of states: its text is kept once. */
  #partsOf(state: S): readonly number[] {
    if (typeof state !== "object" || state === null || Array.isArray(state))
      return [this.#part(identityOf(state))];
    if (Object.getPrototypeOf(state) !== Object.prototype) return [this.#part(identityOf(state))];
    return Object.entries(state).map(([name, value]) => this.#part(`${name}:${identityOf(value)}`));
  }

  #part(text: string): number {
    let part = this.#parts.get(text);
    if (part === undefined) {
      part = this.#parts.size;
      this.#parts.set(text, part);
    }
    return part;
  }
}

const chunkBits = 18;
const chunkLength = 1 << chunkBits;
/** V8's limit for one typed array is far above; a row start has to fit 32 bits. */
const chunksMax = 1 << (32 - chunkBits);

/** An open hash table of rows of integers, kept one after the other. */
class RowTable {
  readonly #chunks: Int32Array[] = [new Int32Array(chunkLength)];
  #free = 0;
  readonly #starts = new Growing(new Uint32Array(1_024));
  readonly #hashes = new Growing(new Int32Array(1_024));
  #slots = new Int32Array(4_096);
  /** Of the row looked for last. */
  #hash = 0;
  #slot = 0;

  find(row: ArrayLike<number>): number {
    const hash = hashOf(row);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    this.#hash = hash;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) break;
      if (this.#hashes.get(entry - 1) === hash && this.#equals(entry - 1, row)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    this.#slot = slot;
    return -1;
  }

  /** Only right after `find` did not find it. */
  add(row: ArrayLike<number>): void {
    const { length } = row;
    if (length + 1 > chunkLength) {
      throw new CoxswainError("OPTION_INVALID", `Expected a key of fewer than ${chunkLength} numbers`);
    }
    let chunk = this.#chunks.at(-1) as Int32Array;
    if (this.#free + length + 1 > chunkLength) {
      if (this.#chunks.length === chunksMax) throw new RangeError("Too many states for one table");
      chunk = new Int32Array(chunkLength);
      this.#chunks.push(chunk);
      this.#free = 0;
    }
    this.#starts.push((this.#chunks.length - 1) * chunkLength + this.#free);
    this.#hashes.push(this.#hash);
    chunk[this.#free++] = length;
    for (let i = 0; i < length; i++) chunk[this.#free++] = row[i] as number;
    this.#slots[this.#slot] = this.#starts.length;
    if (this.#starts.length * 2 > this.#slots.length) this.#grow();
  }

  #equals(index: number, row: ArrayLike<number>): boolean {
    const start = this.#starts.get(index);
    const chunk = this.#chunks[start >>> chunkBits] as Int32Array;
    const at = start & (chunkLength - 1);
    const { length } = row;
    if (chunk[at] !== length) return false;
    for (let i = 0; i < length; i++) if (chunk[at + 1 + i] !== ((row[i] as number) | 0)) return false;
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#starts.length; index++) {
      let slot = this.#hashes.get(index) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a over the numbers, mixed at the end (MurmurHash3's finisher). */
function hashOf(row: ArrayLike<number>): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < row.length; i++) hash = Math.imul(hash ^ (row[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
