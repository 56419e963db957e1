import { CoxswainError } from "../../protocols/index.ts";

export interface Publish {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
}

/** What one message costs beside its payload: the subject, and the objects that hold it. */
const overheadBytes = 128;

/** What was published while there was no connection, in order, within a number of bytes. */
export class WaitingPublishes {
  readonly #bytesMax: number;
  #publishes: Publish[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#publishes.length;
  }

  /** @returns TRANSPORT_FULL if it does not fit. */
  add(publish: Publish): CoxswainError | undefined {
    const bytes = this.#bytes + publish.payload.length + overheadBytes;
    if (bytes > this.#bytesMax) return fullError("wait for a connection", this.#bytes, this.#bytesMax);
    this.#bytes = bytes;
    this.#publishes.push(publish);
    return undefined;
  }

  takeAll(): readonly Publish[] {
    const all = this.#publishes;
    this.#publishes = [];
    this.#bytes = 0;
    return all;
  }
}

export function fullError(what: string, bytes: number, bytesMax: number): CoxswainError {
  return new CoxswainError(
    "TRANSPORT_FULL",
    `Expected at most ${bytesMax} bytes to ${what}, and ${bytes} do already`,
    { details: { bytes, bytesMax } },
  );
}
