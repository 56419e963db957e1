import {
  type ActorAddress,
  type ActorOutcome,
  actorOutcome,
  type Envelope,
  rootOf,
} from "../protocols/index.ts";
import { sendControl } from "./control.ts";
import type { Timer } from "./env/env.ts";
import type { Node } from "./node.ts";

const closed: ActorOutcome = { kind: "lost", reason: "the own system was closed" };
/** How long until a watch is sent again to a node that lives but does not listen. */
const retryMs = 250;
/**
 * Each watch is sent again within so many turns of a second each: it, or the word of the end, may have gone to a
 * connection that is dead, which its server does not know yet.
 */
const roundTurns = 10;
const turnMs = 1_000;

interface Watched {
  readonly address: ActorAddress;
  /** Which life of the address; any if it is not said. */
  readonly activation: string | undefined;
  readonly down: (outcome: ActorOutcome) => void;
  /** Sent again over a new connection: its actor was there before. */
  renewed: boolean;
}

/**
 * Watches of this node on actors anywhere. Each fires once: with the actor's outcome, or `lost`
 * when its node is gone or nobody lives there. A broken connection renews them.
 */
export class Watches {
  readonly #node: Node;
  readonly #remote = new Map<string, Watched>();
  #count = 0;
  /** Whose turn is yet to come in the present round. */
  #round: string[] = [];
  #turn: Timer | undefined;

  constructor(node: Node) {
    this.#node = node;
  }

  /** @returns how to stop watching */
  watch(address: ActorAddress, down: (outcome: ActorOutcome) => void, activation?: string): () => void {
    const token = `w${(this.#count++).toString(36)}`;
    const here = this.#node.cells.get(address);
    if (here !== undefined && (activation ?? here.activation) === here.activation) {
      here.life.watch(token, down);
      return () => here.life.unwatch(token);
    }
    const watched: Watched = { address, activation, down, renewed: false };
    this.#remote.set(token, watched);
    if (this.#turn === undefined) this.#nextTurn();
    if (this.#node.closed) this.#node.env.soon(() => this.#end(token, closed));
    else this.#send(token, watched);
    return () => {
      if (this.#remote.delete(token)) sendControl(this.#node, address, "unwatch", { id: this.#idOf(token) });
    };
  }

  /** The far cell's word, or the server's that nobody is there. */
  settle(token: string, envelope: Envelope | undefined): void {
    const watched = this.#remote.get(token);
    if (watched === undefined) return;
    if (envelope === undefined && this.#isOnlyAway(watched)) return this.#sendLater(token);
    const told = actorOutcome.safeParse(envelope?.body);
    this.#end(token, told.success ? told.data : { kind: "lost", reason: "nobody lives there" });
  }

  #end(token: string, outcome: ActorOutcome): void {
    const watched = this.#remote.get(token);
    this.#remote.delete(token);
    watched?.down(outcome);
  }

  /** A live node holds the name, and has not yet come back to a server that was away: its end will be told. */
  #isOnlyAway({ address, renewed }: Watched): boolean {
    if (!renewed) return false;
    return this.#node.registry?.isHeldElsewhere(rootOf(address)) === true;
  }

  #sendLater(token: string): void {
    this.#node.env.setTimer(retryMs, () => {
      const watched = this.#remote.get(token);
      if (watched !== undefined && !this.#node.closed) this.#send(token, watched);
    });
  }

  nodeDown(node: string, roots: readonly string[]): void {
    const gone = new Set(roots);
    for (const [token, { address, down }] of [...this.#remote]) {
      if (!gone.has(rootOf(address))) continue;
      this.#remote.delete(token);
      down({ kind: "lost", node, reason: `node ${node} is gone` });
    }
  }

  /** The own system closes: nobody will tell of the end of others any more. */
  close(): void {
    this.#turn?.cancel();
    for (const token of [...this.#remote.keys()]) this.#end(token, closed);
  }

  reconnected(): void {
    this.#renew(() => true);
  }

  /** Who lives there may not have heard of a watch, nor we of an end. */
  uncertain(roots: readonly string[]): void {
    const there = new Set(roots);
    this.#renew(({ address }) => there.has(rootOf(address)));
  }

  #renew(which: (watched: Watched) => boolean): void {
    for (const [token, watched] of this.#remote) {
      if (!which(watched)) continue;
      watched.renewed = true;
      this.#send(token, watched);
    }
  }

  /** Asks for a part of the watches again, as long as there are any. */
  #nextTurn(): void {
    if (this.#node.closed) return;
    this.#turn = this.#node.env.setTimer(turnMs, () => {
      this.#turn = undefined;
      if (this.#remote.size === 0) return;
      if (this.#round.length === 0) this.#round = [...this.#remote.keys()];
      for (const token of this.#round.splice(0, Math.ceil(this.#remote.size / roundTurns))) {
        const watched = this.#remote.get(token);
        if (watched === undefined || !this.#node.transport.connected) continue;
        watched.renewed = true;
        this.#send(token, watched);
      }
      this.#nextTurn();
    });
  }

  #send(token: string, { address, activation }: Watched): void {
    const id = this.#idOf(token);
    const body = activation === undefined ? { id } : { id, activation };
    const unsent = sendControl(this.#node, address, "watch", body, this.#node.replySubject(token));
    if (unsent !== undefined)
      this.#node.env.soon(() => this.#end(token, { kind: "lost", reason: unsent.message }));
  }

  /** Tokens are this node's own; the far cell keeps watchers of many nodes. */
  #idOf(token: string): string {
    return `${this.#node.incarnation}-${token}`;
  }
}

/** Who may watch one actor, from this and other nodes. */
const watchersMax = 10_000;

export type Watcher = (outcome: ActorOutcome) => void;

/** Who wants to know how one actor ends, each by an id that begins with its node's incarnation. */
export class Watchers {
  readonly #byId = new Map<string, Watcher>();

  /** One watcher too many is told at once that it watches nothing. */
  add(id: string, watcher: Watcher, node: string): void {
    if (this.#byId.size < watchersMax || this.#byId.has(id)) this.#byId.set(id, watcher);
    else watcher({ kind: "lost", node, reason: `${watchersMax} watch it already, its limit` });
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  /** A node left, and nobody there waits any more. */
  forgetNode(incarnation: string): void {
    for (const id of this.#byId.keys()) if (id.startsWith(`${incarnation}-`)) this.#byId.delete(id);
  }

  tell(outcome: ActorOutcome): void {
    for (const watcher of this.#byId.values()) watcher(outcome);
  }
}
