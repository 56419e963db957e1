import { decodeEnvelope, eventPattern, parseEvent } from "../../protocols/index.ts";
import type { Transport } from "../../src/index.ts";

/** What the facts of one address tell. */
export interface Chronicle {
  alive: boolean;
  lives: number;
  /** Lives that came up, since the supervisor of this address started last. */
  ups: number;
  ended: number;
  failed: number;
}

/** What a supervisor said in its present life, and how often it gave up in all of them. */
export interface Verdicts {
  /** By the child's name. */
  restarted: Map<string, number>;
  restartFailed: number;
  /** The restarts it counts; each fact is one more. */
  count: number;
  gaveUp: number;
  escalated: number;
}

interface Fact {
  readonly address: string;
  readonly type: string;
  readonly body: {
    readonly child?: string;
    readonly count?: number;
    readonly error?: { readonly message: string };
  };
}

/** Keeps the sums of all facts of a system, as anybody may who listens; what must not be is written down. */
export class FactBook {
  readonly chronicles = new Map<string, Chronicle>();
  readonly verdicts = new Map<string, Verdicts>();
  readonly oddities: string[] = [];
  readonly #onFailed: (address: string, message: string) => void;

  constructor(system: string, transport: Transport, onFailed: (address: string, message: string) => void) {
    this.#onFailed = onFailed;
    transport.subscribe(eventPattern(system, "*", "*"), ({ subject, payload }) => {
      const { from, type } = parseEvent(system, subject) ?? { from: "", type: "" };
      // A node's own actor ends with it, and nobody said that it started.
      if (from.startsWith("node-")) return;
      const { body } = payload instanceof Uint8Array ? decodeEnvelope(payload) : payload;
      this.#take({ address: from, type, body: body as Fact["body"] });
    });
  }

  of(address: string): Chronicle {
    let known = this.chronicles.get(address);
    if (known === undefined) {
      known = { alive: false, lives: 0, ups: 0, ended: 0, failed: 0 };
      this.chronicles.set(address, known);
    }
    return known;
  }

  verdictsOf(supervisor: string): Verdicts {
    let known = this.verdicts.get(supervisor);
    if (known === undefined) {
      known = { restarted: new Map(), restartFailed: 0, count: 0, gaveUp: 0, escalated: 0 };
      this.verdicts.set(supervisor, known);
    }
    return known;
  }

  sum(of: "lives" | "ended" | "failed"): number {
    let sum = 0;
    for (const chronicle of this.chronicles.values()) sum += chronicle[of];
    return sum;
  }

  #take({ address, type, body }: Fact): void {
    switch (type) {
      case "started":
        return this.#started(address);
      case "up":
        this.of(address).ups++;
        return;
      case "failed":
        this.#ended(address);
        this.of(address).failed++;
        return this.#onFailed(address, body.error?.message ?? "");
      case "stopped":
        return this.#ended(address);
      case "restarted":
      case "restartFailed":
      case "gaveUp":
      case "escalated":
        return this.#judged(address, type, body);
    }
  }

  #started(address: string): void {
    const chronicle = this.of(address);
    if (chronicle.alive) this.oddities.push(`${address} started twice`);
    chronicle.alive = true;
    chronicle.lives++;
    const known = this.verdicts.get(address);
    if (known !== undefined)
      Object.assign(known, { restarted: new Map(), restartFailed: 0, count: 0 } satisfies Partial<Verdicts>);
    for (const [child, one] of this.chronicles) if (supervisorOf(child) === address) one.ups = 0;
  }

  #ended(address: string): void {
    const chronicle = this.of(address);
    if (!chronicle.alive) this.oddities.push(`${address} ended twice`);
    chronicle.alive = false;
    chronicle.ended++;
  }

  #judged(address: string, type: string, { child = "", count }: Fact["body"]): void {
    const verdicts = this.verdictsOf(address);
    if (type === "escalated") verdicts.escalated++;
    else {
      verdicts.count++;
      if (count !== verdicts.count)
        this.oddities.push(`${address} counts ${count} with ${type}, and it is the ${verdicts.count}.`);
    }
    if (type === "restarted") verdicts.restarted.set(child, (verdicts.restarted.get(child) ?? 0) + 1);
    if (type === "restartFailed") verdicts.restartFailed++;
    if (type === "gaveUp") verdicts.gaveUp++;
  }
}

/** Children on other nodes have dashes for dots. */
export function supervisorOf(address: string): string {
  const dotted = address.includes(".") ? address : address.replaceAll("-", ".");
  return dotted.slice(0, Math.max(0, dotted.lastIndexOf(".")));
}
