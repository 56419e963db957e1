/** Copies `text` out of the longer string it was cut from, which would otherwise stay in memory with it. */
export function own(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "utf16le").toString("utf16le");
}

/** At most `charsMax` characters of `text`; what was cut is marked by `…`. */
export function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const last = text.charCodeAt(charsMax - 2);
  // Half of a surrogate pair is no text.
  const end = last >= 0xd800 && last <= 0xdbff ? charsMax - 2 : charsMax - 1;
  return `${text.slice(0, end)}…`;
}

/** `shorten`, in memory of its own: for what is kept. */
export function clip(text: string, charsMax: number): string {
  return own(shorten(text, charsMax));
}

export interface Row {
  readonly key: string;
  count: number;
}

/** A table that kept its heaviest rows. Its counts are exact as long as `others.rows` is 0. */
export interface Ranked<R extends Row> {
  rows: R[];
  /** Rows that were dropped for lack of room, and what they counted. A key dropped twice counts twice in `rows`. */
  others: { rows: number; count: number };
}

export interface TableOptions<R extends Row> {
  rowsMax: number;
  /** What ranks a row, heaviest first; its count by default. */
  weightOf?: (row: R) => number;
  /** Adds what is known of a key to its row; counts are added already. */
  join?: (into: R, row: R) => void;
}

/** A row whose texts are in memory of their own. */
function ownRow<R extends Row>(row: R): R {
  const owned = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "string" ? own(value) : value,
  ]);
  return Object.fromEntries(owned) as R;
}

/** Counts by key in bounded memory: beyond twice `rowsMax` keys, the lightest are dropped and counted as others. */
export class Table<R extends Row> {
  readonly #rows = new Map<string, R>();
  readonly #rowsMax: number;
  readonly #weightOf: (row: R) => number;
  readonly #join: (into: R, row: R) => void;
  #others = { rows: 0, count: 0 };

  constructor(options: TableOptions<R>) {
    this.#rowsMax = options.rowsMax;
    this.#weightOf = options.weightOf ?? ((row) => row.count);
    this.#join = options.join ?? (() => {});
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Adds `row` to the row of its key, or keeps a copy of it as that. */
  add(row: R): void {
    const known = this.#rows.get(row.key);
    if (known !== undefined) {
      known.count += row.count;
      this.#join(known, row);
      return;
    }
    const kept = ownRow(row);
    this.#rows.set(kept.key, kept);
    if (this.#rows.size > 2 * this.#rowsMax) this.#prune();
  }

  addAll(ranked: Ranked<R>): this {
    for (const row of ranked.rows) this.add(structuredClone(row));
    this.#others.rows += ranked.others.rows;
    this.#others.count += ranked.others.count;
    return this;
  }

  ranked(): Ranked<R> {
    if (this.#rows.size > this.#rowsMax) this.#prune();
    return { rows: this.#sorted().map((row) => structuredClone(row)), others: { ...this.#others } };
  }

  #sorted(): R[] {
    const byKey = (a: R, b: R) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    return [...this.#rows.values()].sort((a, b) => this.#weightOf(b) - this.#weightOf(a) || byKey(a, b));
  }

  #prune(): void {
    for (const row of this.#sorted().slice(this.#rowsMax)) {
      this.#rows.delete(row.key);
      this.#others.rows += 1;
      this.#others.count += row.count;
    }
  }
}

/** Counts texts; `Tally` is the table with nothing but a count. */
export class Tally extends Table<Row> {
  count(key: string, count = 1): void {
    this.add({ key, count });
  }
}

/** The `itemsMax` first items in the order of `compare`. */
export class Top<T> {
  readonly #items: T[] = [];
  readonly #itemsMax: number;
  readonly #compare: (a: T, b: T) => number;

  constructor(itemsMax: number, compare: (a: T, b: T) => number) {
    this.#itemsMax = itemsMax;
    this.#compare = compare;
  }

  /** Whether `add` would keep it: asked before an item is built at a cost. */
  wants(item: T): boolean {
    const last = this.#items[this.#itemsMax - 1];
    return last === undefined || this.#compare(item, last) < 0;
  }

  add(item: T): void {
    if (!this.wants(item)) return;
    let at = this.#items.length;
    while (at > 0 && this.#compare(item, this.#items[at - 1] as T) < 0) at -= 1;
    this.#items.splice(at, 0, item);
    this.#items.length = Math.min(this.#items.length, this.#itemsMax);
  }

  items(): T[] {
    return [...this.#items];
  }
}

/** The counts of two records, added. */
export function addCounts(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b))
    sum[key] = (Object.hasOwn(sum, key) ? (sum[key] as number) : 0) + count;
  return sum;
}

/** One more of `key`, which a log may have chosen: `constructor` is a key like any other. */
export function addOne(counts: Record<string, number>, key: string): void {
  counts[key] = (Object.hasOwn(counts, key) ? (counts[key] as number) : 0) + 1;
}
