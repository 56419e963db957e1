import type { SimulatedNode, World } from "../../../../src/testing/simulation/index.ts";

export interface Host {
  readonly node: SimulatedNode;
  /** Which process of the node. */
  readonly process: number;
}

export interface Life extends Host {
  readonly fromMs: number;
}

/** So long, on a slow line too, others may not have heard of a name that was taken, in milliseconds. */
const unheardMs = 500;

/** Who lives where, as one sees it who sees all nodes at once. */
export class Lives {
  readonly #world: World;
  readonly #graceMs: number;
  readonly #leaseMs: number;
  readonly #byAddress = new Map<string, Set<Life>>();
  onBegin: () => void = () => {};
  /** Two have lived at one address for a while, by one of the exceptions. */
  wereTwo = false;
  readonly starts: { readonly address: string; readonly atMs: number }[] = [];

  readonly #buried = new Map<string, { readonly life: Life; readonly atMs: number }>();
  readonly #renewedMs = new Map<string, number>();
  readonly #silentUntilMs = new Map<string, number>();

  /**
   * The stated exceptions: a node that was not heard of for a lease, because it stood still or because its renewals did not
   * get through, may go on for a while with what another has taken over, until it has heard of that. And where the store has
   * forgotten a name that was taken the moment before, nobody else knows of it.
   *
   * @param graceMs how long after it was heard of again a node may not have heard yet
   */
  constructor(world: World, leaseMs: number, graceMs: number) {
    this.#world = world;
    this.#graceMs = graceMs;
    this.#leaseMs = leaseMs;
    world.onStored((node, key) => {
      if (key !== `node.${node}`) return;
      if (this.#silentMs(node) > leaseMs * 0.9) this.#silentUntilMs.set(node, world.nowMs);
      this.#renewedMs.set(node, world.nowMs);
    });
    world.onDeath((node) => {
      for (const [address, lives] of this.#byAddress) {
        for (const life of lives) if (life.node === node) this.#bury(address, life);
      }
    });
  }

  /** @returns to be called when it ends */
  begin(address: string, node: SimulatedNode): () => void {
    const life = { node, process: node.life, fromMs: this.#world.nowMs };
    const lives = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, lives);
    lives.add(life);
    this.starts.push({ address, atMs: this.#world.nowMs });
    this.#world.note(`${address} begins on ${node.name}`);
    this.onBegin();
    const others = [...lives].filter((other) => other !== life && !this.isExcused(other));
    this.wereTwo ||= lives.size > 1;
    if (others.length > 0 && !this.isExcused(life)) {
      this.#world.fail("one living actor an address", `${address} on ${[...lives].map(shown).join(" and ")}`);
    }
    return () => {
      if (lives.delete(life)) this.#world.note(`${address} ends on ${node.name}`);
    };
  }

  of(address: string): readonly Life[] {
    return [...(this.#byAddress.get(address) ?? [])];
  }

  /** Whether one that began before then lives there still, and nothing excuses that it is taken for lost. */
  lasts(address: string, sinceMs: number): boolean {
    const lives = [...(this.#byAddress.get(address) ?? [])];
    return lives.some((life) => life.fromMs <= sinceMs && !this.isExcused(life));
  }

  /** Who lives there, or lived there until its process died, so lately that nobody can have missed it yet. */
  lately(address: string): readonly Host[] {
    const dead = this.#buried.get(address);
    const fresh = dead !== undefined && this.#world.nowMs - dead.atMs < this.#leaseMs / 2;
    return fresh ? [...this.of(address), dead.life] : this.of(address);
  }

  #bury(address: string, life: Life): void {
    this.#byAddress.get(address)?.delete(life);
    this.#buried.set(address, { life, atMs: this.#world.nowMs });
  }

  /** When all is well again nobody is excused any more. */
  checkEnd(): void {
    for (const [address, lives] of this.#byAddress) {
      if (lives.size <= 1) continue;
      this.#world.fail(
        "in the end one living actor an address",
        `${address} on ${[...lives].map(shown).join(" and ")}`,
      );
    }
  }

  #silentMs(node: string): number {
    return this.#world.nowMs - (this.#renewedMs.get(node) ?? this.#world.nowMs);
  }

  /** Whether one of the stated exceptions holds for it now. */
  isExcused({ node: { name }, fromMs }: Life): boolean {
    const cutMs = this.#world.forgotAtMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const isUnheard = fromMs > cutMs - unheardMs && fromMs <= cutMs;
    if (isUnheard && this.#world.nowMs - cutMs < 2 * this.#leaseMs) return true;
    if (this.#silentMs(name) > this.#leaseMs * 0.9) return true;
    const untilMs = this.#silentUntilMs.get(name);
    return untilMs !== undefined && this.#world.nowMs - untilMs < this.#graceMs;
  }
}

function shown({ node, process, fromMs }: Life): string {
  return `${node.name} (life ${process}, since ${fromMs.toFixed(1)} ms)`;
}
