import type { ActorAddress } from "../../protocols/index.ts";

/**
 * What becomes of a fault when it strikes. `fails`: its actor fails, of this fault; `may fail`: it strikes outside
 * of a turn, and the actor may have ended before it is told; `bears no life`: there is no actor yet that could fail.
 */
export type Strike = "fails" | "may fail" | "bears no life";

/** Faults that starts to come meet, one each. */
export const startFaults = ["input", "context", "entry", "always", "rejected", "delayed"] as const;
export type StartFault = (typeof startFaults)[number];

interface Struck {
  readonly kind: string;
  readonly strike: Strike;
  /** How often an actor's failure named it. */
  seen: number;
}

/** The faults that struck, written down where they strike, and what was heard of each from outside. */
export class Ledger {
  /** By number; those that are settled are taken out. */
  readonly #struck = new Map<number, Struck>();
  readonly #spinning = new Map<string, number>();
  readonly #coming = new Map<string, StartFault[]>();
  readonly counts = { fails: 0, "may fail": 0, "bears no life": 0 };
  readonly byKind = new Map<string, number>();
  /** What must not be: the same fault heard of twice, or one that never struck. */
  readonly oddities: string[] = [];
  #number = 0;

  get total(): number {
    return this.counts.fails + this.counts["may fail"] + this.counts["bears no life"];
  }

  nextNumber(): number {
    return this.#number++;
  }

  /** A guard is asked more than once in a turn: the same fault counts once. */
  strike(n: number, kind: string, strike: Strike): void {
    if (this.#struck.has(n)) return;
    this.#struck.set(n, { kind, strike, seen: 0 });
    this.counts[strike]++;
    this.byKind.set(kind, (this.byKind.get(kind) ?? 0) + 1);
  }

  /** The error of an endless loop cannot bear a number: its actor has to tell. */
  spins(n: number, address: string): void {
    this.strike(n, "endless", "fails");
    this.#spinning.set(address, n);
  }

  /** An actor failed, and said so. */
  failed(address: string, message: string): void {
    const n = this.#numberOf(address, message);
    const struck = this.#struck.get(n);
    if (struck === undefined) return void this.oddities.push(`${address} failed: ${message}`);
    struck.seen++;
    if (struck.seen > 1 || struck.strike === "bears no life")
      this.oddities.push(`${address} failed ${struck.seen} times of fault ${n} (${struck.strike})`);
  }

  #numberOf(address: string, message: string): number {
    const told = /planted.(\d+)/.exec(message)?.[1];
    if (told !== undefined) return Number(told);
    const n = this.#spinning.get(address) ?? Number.NaN;
    if (!message.includes("goes in circles")) return Number.NaN;
    this.#spinning.delete(address);
    return n;
  }

  /** Faults of which an actor must have failed, and nobody said so. */
  unheard(): string[] {
    return [...this.#struck].flatMap(([n, { kind, strike, seen }]) =>
      strike === "fails" && seen === 0 ? [`${n} ${kind}`] : [],
    );
  }

  /** At rest, what was heard of need not be kept. */
  forgetSettled(): void {
    for (const [n, { strike, seen }] of this.#struck)
      if (seen > 0 || strike !== "fails") this.#struck.delete(n);
  }

  // ---- what starts meet ----

  /** The next starts at this address will meet these. */
  plan(address: string, faults: readonly StartFault[]): void {
    this.#coming.set(address, [...faults]);
  }

  takePlanned(address: ActorAddress): StartFault | undefined {
    return this.#coming.get(address)?.shift();
  }
}

/** One for all actors of this process; the tests of a file run one after the other. */
export const ledger = new Ledger();

export function plant(n: number, kind: string, strike: Strike = "fails"): never {
  ledger.strike(n, kind, strike);
  throw new Error(`planted ${n}`);
}
