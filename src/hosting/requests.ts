import { CoxswainError, fromWireError } from "../../protocols/index.ts";
import type { Request, RequestAnswer, Word } from "./words.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly unlisten: () => void;
}

/** What the calls of a hosted actor ask of the node, until it is answered. They are as many as its calls. */
export class Requests {
  readonly #say: (word: Word) => void;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor(say: (word: Word) => void) {
    this.#say = say;
  }

  send(request: Request, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw withdrawn(signal.reason);
      const number = this.#count++;
      const withdraw = (): void => {
        this.#waiting.delete(number);
        this.#say({ say: "withdraw", number });
        reject(withdrawn(signal?.reason));
      };
      signal?.addEventListener("abort", withdraw, { once: true });
      const unlisten = (): void => signal?.removeEventListener("abort", withdraw);
      this.#waiting.set(number, { resolve, reject, unlisten });
      this.#say({ say: "request", number, request });
    });
  }

  settle(number: number, answer: RequestAnswer): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    waiting.unlisten();
    if (answer.ok) waiting.resolve(answer.value);
    else waiting.reject(fromWireError(answer.error));
  }
}

function withdrawn(cause: unknown): CoxswainError {
  return new CoxswainError("CANCELLED", "The question was withdrawn", { cause });
}
