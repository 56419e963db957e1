import { overlap } from "../../transport/subject-tree.ts";
import type { ConsumeOptions } from "../../transport/transport.ts";
import type { Unflushed } from "./unflushed.ts";

/** The consumers of one queue on a simulated disk, each of one owner; every change can be undone. */
export class ConsumerFile {
  readonly unflushed: Unflushed;
  readonly #byId = new Map<string, ConsumeOptions>();

  constructor(unflushed: Unflushed) {
    this.unflushed = unflushed;
  }

  /** The ids of those of a name, whoever owns them. */
  named(name: string): readonly string[] {
    return [...this.#byId].filter(([, options]) => options.name === name).map(([id]) => id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** @returns false where another one's pattern overlaps: a queue has one consumer a subject */
  add(id: string, options: ConsumeOptions): boolean {
    for (const [other, { subject }] of this.#byId) {
      if (other !== id && overlap(subject, options.subject)) return false;
    }
    const before = this.#byId.get(id);
    this.#byId.set(id, options);
    this.unflushed.wrote(() => {
      if (before === undefined) this.#byId.delete(id);
      else this.#byId.set(id, before);
    });
    return true;
  }

  /** @returns whether it was there */
  remove(id: string): boolean {
    const before = this.#byId.get(id);
    if (before === undefined) return false;
    this.#byId.delete(id);
    this.unflushed.wrote(() => this.#byId.set(id, before));
    return true;
  }
}
