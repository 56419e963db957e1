import type { Actors, Started, Starting, StopLimit } from "../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  actorAddress,
  CoxswainError,
  control,
  fromWireError,
  nodeAddress,
  quote,
  type StartReply,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import type { Cell } from "./cell.ts";
import { sendControl } from "./control.ts";
import type { Living, Starter } from "./life.ts";
import type { Owner } from "./links.ts";
import type { Node } from "./node.ts";
import { startActor, startWithinMsDefault } from "./start-actor.ts";

/** How much longer than its limit a far actor's end may take to be heard of, in milliseconds. */
const hearsayMs = 5_000;

/** The actors that one actor has started. Those on this node tell it of their end themselves. */
export class Family implements Actors, Starter {
  readonly #cell: Cell;
  readonly #node: Node;
  readonly #owner: Owner;
  /** How to stop watching those on other nodes, by activation. */
  readonly #far = new Map<string, () => void>();

  constructor(cell: Cell) {
    const { node, address, activation } = cell;
    this.#cell = cell;
    this.#node = node;
    this.#owner = { address, activation };
  }

  get self(): ActorAddress {
    return this.#cell.address;
  }

  monotonicMs(): number {
    return this.#node.env.monotonicMs();
  }

  random(): number {
    return this.#node.env.random();
  }

  start(what: Starting): Promise<Started> {
    const { node = this.#node.name } = what;
    if (node !== this.#node.name) return this.#startThere(node, what);
    return this.#inTime(() => this.#startHere(what));
  }

  /** A plan for 10,000 children must not keep everybody else on this node waiting. */
  #inTime<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#node.pace.run(() => void work().then(resolve, reject)));
  }

  async #startHere({ address, actor, input, startWithinMs, signal }: Starting): Promise<Started> {
    const definition = definitionOf(this.#node, actor);
    const options = { input, owner: this.#owner, startWithinMs, signal };
    const { cell, ignored } = await startActor(this.#node, actorAddress(address), definition, options);
    if (ignored) return { kind: "ignored" };
    cell.life.tellStarter(this);
    return up(cell.address, cell.activation, cell.life.info);
  }

  async #startThere(node: string, what: Starting): Promise<Started> {
    const { address, actor, input, startWithinMs = startWithinMsDefault, signal } = what;
    if (typeof actor !== "string") {
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected the name of an actor that node ${node} has in its catalogue, for ${address}; code does not travel`,
      );
    }
    const message = { type: "start", address, actor, input, owner: this.#owner, startWithinMs };
    const limits = { withinMs: startWithinMs + hearsayMs, ...(signal === undefined ? {} : { signal }) };
    const origin = { from: this.self };
    const asked = this.#node.asks.ask(origin, control, nodeAddress(node), message, limits);
    const reply = (await asked) as StartReply;
    if (reply.kind === "failed") throw fromWireError(reply.error);
    if (reply.kind === "ignored") return reply;
    const { activation, info } = reply;
    const at = actorAddress(address);
    const down = (outcome: ActorOutcome): void => {
      if (this.#far.delete(activation)) this.#down(at, activation, outcome);
    };
    this.#far.set(activation, () => {});
    const unwatch = this.#node.watches.watch(at, down, activation);
    if (this.#far.has(activation)) this.#far.set(activation, unwatch);
    return up(at, activation, info);
  }

  stop(
    { address, activation }: { readonly address: ActorAddress; readonly activation: string },
    limit: StopLimit,
    reason?: string,
  ): Promise<ActorOutcome> {
    const unwatch = this.#far.get(activation);
    if (unwatch !== undefined) {
      this.#far.delete(activation);
      unwatch();
      return this.#stopThere(address, activation, limit, reason);
    }
    const cell = this.#node.cells.get(address);
    if (cell?.activation !== activation || !cell.life.tells(this))
      return Promise.resolve({ kind: "lost", reason: "it had ended before" });
    return new Promise((resolve, reject) => {
      cell.life.tellStarter({ ended: (_actor, outcome) => resolve(outcome) });
      this.#inTime(async () => cell.life.shutdown(reason, limit)).catch(reject);
    });
  }

  #stopThere(
    address: ActorAddress,
    activation: string,
    limit: StopLimit,
    reason: string | undefined,
  ): Promise<ActorOutcome> {
    const { env, watches } = this.#node;
    return new Promise((resolve) => {
      const limitMs = limit === "infinity" ? undefined : (limit === "brutal_kill" ? 0 : limit) + hearsayMs;
      const settle = (outcome: ActorOutcome): void => {
        late?.cancel();
        resolve(outcome);
      };
      const unheard = (): void => {
        unwatch();
        resolve({ kind: "lost", reason: `its end was not heard of within ${limitMs} ms` });
      };
      const late = limitMs === undefined ? undefined : env.setTimer(limitMs, unheard);
      const unwatch = watches.watch(address, settle, activation);
      const body = { limit, activation, ...(reason === undefined ? {} : { reason }) };
      sendControl(this.#node, address, "stop", body);
    });
  }

  /** One on this node. */
  ended({ address, activation }: Living, outcome: ActorOutcome): void {
    this.#down(address, activation, outcome);
  }

  #down(address: ActorAddress, activation: string, outcome: ActorOutcome): void {
    const { env } = this.#node;
    const event = {
      type: "coxswain.down",
      address,
      activation,
      outcome,
      atMs: env.monotonicMs(),
      chance: env.random(),
    };
    // Not within the end of the other: its place must be free, and one turn must not begin in another.
    env.soon(() => this.#cell.signal(event));
  }
}

function up(address: ActorAddress, activation: string, info: unknown): Started {
  return { kind: "up", address, activation, ...(info === undefined ? {} : { info }) };
}

/** The definition itself, or the one of that name. @throws ACTOR_UNKNOWN */
export function definitionOf(node: Node, actor: string | object): ActorDefinition {
  if (typeof actor !== "string") return actor as ActorDefinition;
  const named = node.catalogue.get(actor);
  if (named !== undefined) return named;
  const names = [...node.catalogue.keys()].slice(0, 20).join(", ");
  throw new CoxswainError(
    "ACTOR_UNKNOWN",
    `Expected an actor that node ${node.name} has in its catalogue (${names === "" ? "it has none" : names}), got ${quote(actor)}`,
  );
}
