import { type ActorAddress, type ActorOutcome, type Envelope, rootOf } from "../protocols/index.ts";
import { sendControl } from "./control.ts";
import type { Node } from "./node.ts";

interface Watched {
  readonly address: ActorAddress;
  readonly down: (outcome: ActorOutcome) => void;
}

/**
 * Watches of this node on actors anywhere. Each fires once: with the actor's outcome, or `lost`
 * when its node is gone or nobody lives there. A broken connection renews them.
 */
export class Watches {
  readonly #node: Node;
  readonly #remote = new Map<string, Watched>();
  #count = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  /** @returns how to stop watching */
  watch(address: ActorAddress, down: (outcome: ActorOutcome) => void): () => void {
    const token = `w${(this.#count++).toString(36)}`;
    const here = this.#node.cells.get(address);
    if (here !== undefined) {
      here.watch(token, down);
      return () => here.unwatch(token);
    }
    this.#remote.set(token, { address, down });
    this.#send(token, address);
    return () => {
      if (this.#remote.delete(token)) sendControl(this.#node, address, "unwatch", { id: this.#idOf(token) });
    };
  }

  /** The far cell's word, or the server's that nobody is there. */
  settle(token: string, envelope: Envelope | undefined): void {
    const watched = this.#remote.get(token);
    this.#remote.delete(token);
    watched?.down(
      (envelope?.body as ActorOutcome | undefined) ?? { kind: "lost", reason: "nobody lives there" },
    );
  }

  nodeDown(node: string, roots: readonly string[]): void {
    const gone = new Set(roots);
    for (const [token, { address, down }] of [...this.#remote]) {
      if (!gone.has(rootOf(address))) continue;
      this.#remote.delete(token);
      down({ kind: "lost", node, reason: `node ${node} is gone` });
    }
  }

  reconnected(): void {
    for (const [token, { address }] of this.#remote) this.#send(token, address);
  }

  #send(token: string, address: ActorAddress): void {
    const sent = sendControl(
      this.#node,
      address,
      "watch",
      { id: this.#idOf(token) },
      this.#node.replySubject(token),
    );
    if (!sent) this.#node.env.soon(() => this.settle(token, undefined));
  }

  /** Tokens are this node's own; the far cell keeps watchers of many nodes. */
  #idOf(token: string): string {
    return `${this.#node.incarnation}-${token}`;
  }
}
