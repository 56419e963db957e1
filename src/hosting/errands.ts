import type { Actors, Starting } from "../../machines/index.ts";
import { looseProtocol } from "./loose-protocol.ts";
import { plainError } from "./plain-error.ts";
import type { RemoteCell } from "./remote-cell.ts";
import type { Order, Request } from "./words.ts";

/** What the node does for the calls of a hosted actor: asks others, starts and stops others. */
export class Errands {
  readonly #cell: RemoteCell;
  readonly #answer: (order: Order) => void;
  readonly #open = new Map<number, AbortController>();

  constructor(cell: RemoteCell, answer: (order: Order) => void) {
    this.#cell = cell;
    this.#answer = answer;
  }

  async run(number: number, request: Request): Promise<void> {
    const controller = new AbortController();
    this.#open.set(number, controller);
    const answer = await this.#carryOut(request, controller.signal).then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error: plainError(error) }),
    );
    if (this.#open.delete(number)) this.#answer({ type: "answered", request: number, answer });
  }

  withdraw(number: number): void {
    this.#open.get(number)?.abort();
    this.#open.delete(number);
  }

  /** The actor has ended: nobody waits any more. */
  close(): void {
    for (const number of [...this.#open.keys()]) this.withdraw(number);
  }

  async #carryOut(request: Request, signal: AbortSignal): Promise<unknown> {
    const cell = this.#cell;
    switch (request.what) {
      case "ask": {
        const { cause, to, message, limits } = request;
        const protocol = looseProtocol(request.protocol, message.type, "question");
        return cell.ask(cause, protocol, to, message, { ...limits, signal });
      }
      case "startActor":
        return cell.actors.start({ ...(request.starting as unknown as Starting), signal });
      case "stopActor":
        return cell.actors.stop(...(request.args as Parameters<Actors["stop"]>));
    }
  }
}
