/** Numbers in a typed array that doubles: a state costs a few bytes here, not an object. */
export class Growing<A extends Int32Array | Uint32Array | Uint16Array> {
  #array: A;
  #length = 0;

  constructor(make: A) {
    this.#array = make;
  }

  get length(): number {
    return this.#length;
  }

  get(at: number): number {
    return this.#array[at] as number;
  }

  set(at: number, value: number): void {
    this.#array[at] = value;
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const Kind = this.#array.constructor as new (length: number) => A;
      const larger = new Kind(this.#length * 2);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.#length++] = value;
  }
}
