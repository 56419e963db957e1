/** Who is to be woken when: the earliest first. Of one name the time that was set last holds. */
export class DueTimes {
  /** A binary heap; entries that hold no more stay until they come up. */
  readonly #heap: { readonly dueMs: number; readonly name: string }[] = [];
  readonly #times = new Map<string, number>();

  get size(): number {
    return this.#times.size;
  }

  set(name: string, dueMs: number): void {
    this.#times.set(name, dueMs);
    const heap = this.#heap;
    let at = heap.push({ dueMs, name }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#isInOrder(parent, at)) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  delete(name: string): void {
    this.#times.delete(name);
  }

  clear(): void {
    this.#heap.length = 0;
    this.#times.clear();
  }

  /** The earliest time; undefined where nobody is to be woken. */
  next(): number | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#times.get(first.name) === first.dueMs) return first.dueMs;
      this.#removeFirst();
    }
    return undefined;
  }

  /** Takes out one whose time has come. */
  take(nowMs: number): string | undefined {
    const dueMs = this.next();
    if (dueMs === undefined || dueMs > nowMs) return undefined;
    const { name } = this.#heap[0] as { readonly name: string };
    this.#removeFirst();
    this.#times.delete(name);
    return name;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = left + 1 < heap.length && this.#isInOrder(left + 1, left) ? left + 1 : left;
      if (child >= heap.length || this.#isInOrder(at, child)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isInOrder(one: number, other: number): boolean {
    return (this.#heap[one]?.dueMs ?? 0) <= (this.#heap[other]?.dueMs ?? 0);
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other] as (typeof heap)[0], heap[one] as (typeof heap)[0]];
  }
}
