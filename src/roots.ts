import { type ActorOutcome, rootOf, rootPatterns } from "../protocols/index.ts";
import type { Cell } from "./cell.ts";
import { receiveControl } from "./control.ts";
import { receive } from "./inbound.ts";
import type { Node } from "./node.ts";
import type { Delivery, Subscription } from "./transport/transport.ts";

interface Root {
  readonly subscriptions: readonly Subscription[];
  living: number;
  /** Until the server has the subscriptions. */
  opening: Promise<void> | undefined;
}

/** The root names under which cells live here, and the subscriptions that take all below each. */
export class Roots {
  readonly #node: Node;
  readonly #roots = new Map<string, Root>();

  constructor(node: Node) {
    this.#node = node;
  }

  /** Enters a living cell. The first under a root name makes this node listen for all below it. */
  enter(cell: Cell): void {
    const node = this.#node;
    node.cells.set(cell.address, cell);
    node.groups.entered(cell);
    const root = rootOf(cell.address);
    const known = this.#roots.get(root);
    if (known !== undefined) {
      known.living++;
      return;
    }
    const listen = (lane: "in" | "ctl", handle: (delivery: Delivery) => void): Subscription[] =>
      rootPatterns(node.system, lane, root).map((pattern) => node.transport.subscribe(pattern, handle));
    const subscriptions = [
      ...listen("in", (delivery) => receive(node, delivery)),
      ...listen("ctl", (delivery) => receiveControl(node, delivery)),
    ];
    const opened: Root = { subscriptions, living: 1, opening: undefined };
    opened.opening = node.transport.flush().then(() => {
      opened.opening = undefined;
    });
    this.#roots.set(root, opened);
  }

  /** Resolves when what others send to a cell's address from now on arrives; undefined if it does already. */
  opening(cell: Cell): Promise<void> | undefined {
    return this.#roots.get(rootOf(cell.address))?.opening;
  }

  /** A cell ended. The last under a root name gives the name back. */
  forget(cell: Cell): void {
    const { cells } = this.#node;
    if (cells.get(cell.address) !== cell) return;
    cells.delete(cell.address);
    this.#node.registry?.roster.leave(cell.address);
    this.#node.groups.left(cell);
    const root = rootOf(cell.address);
    const known = this.#roots.get(root);
    if (known === undefined || --known.living > 0) return;
    this.#roots.delete(root);
    // A name that was lost is not ours to give back; and we may claim it anew meanwhile.
    const held = this.#node.registry?.holds(root) === true;
    void this.#leave(held ? root : undefined, known.subscriptions);
  }

  /** Another node took the name while we could not be heard: what lives here under it is no longer the one. */
  lose(root: string, owner: string): void {
    const { name, cells } = this.#node;
    const outcome: ActorOutcome = { kind: "lost", node: name, reason: `node ${owner} holds ${root} now` };
    for (const cell of [...cells.values()]) if (rootOf(cell.address) === root) cell.finish(outcome);
  }

  /** Stops listening before the name is free for others, and refuses what was still under way: it must not vanish. */
  async #leave(root: string | undefined, subscriptions: readonly Subscription[]): Promise<void> {
    await Promise.all(subscriptions.map((subscription) => subscription.drain()));
    // Closing gives all names back at once; and somebody may live under this one again.
    if (root === undefined || this.#node.closed || this.#roots.has(root)) return;
    await this.#node.registry?.release(root).catch((error: unknown) => {
      this.#node.report({ level: "warning", message: `The name ${root} was not given back`, error });
    });
  }
}
