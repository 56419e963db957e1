import {
  type ActorAddress,
  type ActorOutcome,
  actorAddress,
  asyncApiOf,
  CoxswainError,
  nodeAddress,
  nodeLifecycle,
  type Protocol,
  quote,
  type RoleInput,
  rootOf,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import type { Audit } from "./audit/index.ts";
import type { Cell } from "./cell.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Durables } from "./durable/durables.ts";
import { type AgentHistory, openHistory } from "./durable/history/index.ts";
import { openDurableStore, type StoredAgent, storedAgents } from "./durable/inspection/index.ts";
import type { Drained } from "./durable/placement/shards.ts";
import { publishFact } from "./facts.ts";
import { Group, isGroupRoot } from "./groups/index.ts";
import type { Counts, Node } from "./node.ts";
import { ActorRef } from "./ref.ts";
import type { NodeRecord, Registry } from "./registry.ts";
import { type RosterEntry, roleOf } from "./roster.ts";
import { startActor } from "./start-actor.ts";
import type { Opened } from "./transport/open.ts";

export interface SpawnOptions<I> {
  readonly input?: I;
  /** How long it may stay in states tagged `starting`, in milliseconds, before it is killed; default 30,000. */
  readonly startWithinMs?: number;
  /** The system goes down with it: when it ends unasked, other than done, this node drains. Default false: that is reported. */
  readonly essential?: boolean;
  /** What it may do, kept in the roster as long as it lives; default its definition's. */
  readonly role?: RoleInput;
}

export interface DrainReport {
  /** Actors that finished their waiting messages and were stopped. */
  readonly stopped: number;
  /** Actors that still had work when the time was up: their messages are dead letters. */
  readonly unfinished: readonly ActorAddress[];
  /** Actors that had not ended in time when they were asked to; killed, or ended with their supervisor. */
  readonly killed: readonly ActorAddress[];
  readonly counts: Readonly<Counts>;
  /** Shards of durable agents that this node gave up, and how long each took. */
  readonly shards: readonly Drained[];
}

/** How long `drain` waits for waiting messages, and then for each actor to end, in milliseconds, where it does not say. */
export const drainWithinMs = 5_000;

type Input<I> = undefined extends I
  ? [options?: SpawnOptions<I>]
  : [options: SpawnOptions<I> & { readonly input: I }];

/** A process's part in a system of actors. Made by `createSystem`; `await using` or `drain` closes it. */
export class ActorSystem {
  readonly #node: Node;
  readonly #opened: Opened;
  readonly #registry: Registry;
  readonly #durables: Durables;
  /** With whose end this node closes. */
  readonly #essential = new Set<Cell>();
  #closing: Promise<DrainReport> | undefined;

  constructor(node: Node, opened: Opened, registry: Registry, durables: Durables) {
    this.#durables = durables;
    this.#node = node;
    this.#opened = opened;
    this.#registry = registry;
    node.topEnded = (cell, outcome) => this.#topEnded(cell, outcome);
  }

  get name(): string {
    return this.#node.system;
  }

  get node(): string {
    return this.#node.name;
  }

  /** Where any NATS client may connect to see the same events; "memory" for the in-process transport. */
  get url(): string {
    return this.#node.transport.url;
  }

  /** Running totals of this node. */
  get counts(): Readonly<Counts> {
    return this.#node.counts;
  }

  get deadLetters(): DeadLetters {
    return this.#node.deadLetters;
  }

  /** What was decided in the system, by whom, and on what grounds: to be read, verified, and added to. */
  get audit(): Audit {
    return this.#node.audit;
  }

  /** The durable agents in this node's memory. */
  get agents(): readonly ActorAddress[] {
    return this.#durables.agents;
  }

  /**
   * The turns of a durable agent of a type with `durability: { history: true }`, as they are kept now: to be stepped through, forked
   * (`forkAgent`), and given to changed code (`replayHistory`).
   *
   * @param definition to compute what an agent was with; default this node's own of the type
   * @throws ADDRESS_UNKNOWN where the type keeps no history, STORE_FAILED
   */
  history(address: string, definition?: ActorDefinition): Promise<AgentHistory> {
    const { system, env, zone, transport, catalogue } = this.#node;
    const source = { system, env, zone, store: transport.store };
    return openHistory(source, address, definition ?? catalogue.get(rootOf(actorAddress(address))));
  }

  /**
   * The durable agents of a type as the store has them now, on whatever node they live or on none, those first that were written
   * longest ago. Nobody is asked. One that is written meanwhile may come twice, the newer one later. None on the in-process transport.
   *
   * @throws STORE_FAILED
   */
  async *stored(type: string): AsyncGenerator<StoredAgent> {
    const store = await openDurableStore(this.#node.transport.store, this.name);
    if (store !== undefined) yield* storedAgents(store, type);
  }

  /** The nodes this one sees alive, itself included. */
  get nodes(): readonly NodeRecord[] {
    return this.#registry.nodes;
  }

  /** Who may do what, by address: the actors of this node at once, those of others when this one has heard of them. */
  get roster(): readonly RosterEntry[] {
    return this.#registry.roster.entries;
  }

  /**
   * Starts an actor at an address. Resolves when it runs: its name is held system-wide, its first state is entered, it
   * has left the states tagged `starting`, and what any node sends to it arrives.
   *
   * @throws ADDRESS_TAKEN where a live actor has the address, or another node the first token of it; ADDRESS_INVALID;
   * ACTOR_FAILED where it failed, stopped or took too long before it was up; OPTION_INVALID for a role that is none; SYSTEM_CLOSED.
   */
  async spawn<P extends Protocol, I>(
    address: string,
    definition: ActorDefinition<P, I>,
    ...[options = {}]: Input<I>
  ): Promise<ActorRef<P>> {
    const at = actorAddress(address);
    if (rootOf(at).startsWith("node-") || isGroupRoot(rootOf(at))) {
      throw new CoxswainError(
        "ADDRESS_INVALID",
        `Addresses beginning with "node-" or "group-" are the nodes' and groups' own, got ${quote(address)}`,
      );
    }
    this.#assertOpen();
    const { input, startWithinMs, essential = false, role } = options;
    const from = { input, startWithinMs, role: role && roleOf(role) };
    const { cell } = await startActor(this.#node, at, definition as ActorDefinition, from);
    if (essential && cell.outcome === undefined) this.#essential.add(cell);
    return new ActorRef(this.#node, definition.protocol, at);
  }

  /** Nobody supervises it: its end is the system's to decide on. */
  #topEnded(cell: Cell, outcome: ActorOutcome): void {
    const node = this.#node;
    const essential = this.#essential.delete(cell);
    const { kind } = outcome;
    if (cell.asked || (kind !== "failed" && kind !== "killed" && kind !== "stopped") || node.closed) return;
    const { address } = cell;
    const reason = kind === "failed" ? outcome.error.message : (outcome.reason ?? kind);
    const body = { address, kind, reason, decision: essential ? "drain" : "continue" };
    publishFact(node, nodeAddress(node.name), "escalated", body, nodeLifecycle);
    if (!essential) return;
    node.report({ level: "error", message: `${address} has ended (${reason}): closing the system`, address });
    void this.drain();
  }

  /** A handle on an actor anywhere in the system. Nothing is looked up: `ask` and `watch` tell whether it lives. @throws ADDRESS_INVALID */
  ref<P extends Protocol>(address: string, protocol: P): ActorRef<P> {
    return new ActorRef(this.#node, protocol, actorAddress(address));
  }

  /** A handle on a group of peers that speak a protocol: one of them, or all, by the verb. Nothing is looked up. @throws OPTION_INVALID */
  group<P extends Protocol>(name: string, protocol: P): Group<P> {
    return new Group(this.#node, name, protocol);
  }

  /** An AsyncAPI 3 document of the actors that live on this node, their messages and subjects. */
  describe(options: { readonly title?: string; readonly version?: string } = {}): object {
    const actors = [...this.#node.cells.values()].map((cell) => ({
      address: cell.address,
      protocol: cell.definition.protocol,
    }));
    return asyncApiOf({ system: this.name, actors, ...options });
  }

  /**
   * Closes in good order: takes no new names, lets waiting messages and open questions end for at most `withinMs`, stops the
   * actors, youngest first, supervised ones by their supervisors, each within `stopWithinMs`, gives the names back, and closes
   * the connection and the embedded server if they are ours. Idempotent: later calls get the first one's report.
   */
  drain(options: { readonly withinMs?: number; readonly stopWithinMs?: number } = {}): Promise<DrainReport> {
    this.#closing ??= this.#drain(options.withinMs ?? drainWithinMs, options.stopWithinMs ?? drainWithinMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #drain(withinMs: number, stopWithinMs: number): Promise<DrainReport> {
    const node = this.#node;
    await settle(node, withinMs);
    const unfinished = busy(node).map((cell) => cell.address);
    // The node's own actor is nobody's but ours.
    const own = nodeAddress(node.name);
    const spawned = [...node.cells.values()].filter((cell) => cell.address !== own);
    const killed = await stopAll(node, spawned, stopWithinMs);
    const shards = await this.#durables.drain(withinMs);
    node.closed = true;
    const late = [...node.cells.values()].reverse();
    for (const cell of late) cell.finish({ kind: "stopped", reason: "the system is closed" });
    await Promise.all(node.leaving);
    this.#durables.close();
    await settled(this.#registry.leave(), node);
    node.close();
    await settled(this.#opened.close(), node);
    return {
      stopped: spawned.filter(({ address }) => !unfinished.includes(address)).length,
      unfinished,
      killed,
      counts: { ...node.counts },
      shards,
    };
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new CoxswainError("SYSTEM_CLOSED", `System ${this.name} is closed`);
  }
}

function busy(node: Node): Cell[] {
  return [...node.cells.values()].filter((cell) => cell.busy);
}

/** Lets what waits be worked on. */
async function settle(node: Node, withinMs: number): Promise<void> {
  const untilMs = node.env.monotonicMs() + withinMs;
  await node.transport.flush();
  while (busy(node).length > 0 && node.env.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => node.env.setTimer(5, resolve));
  }
}

/** Stops the actors nobody here supervises, youngest first; they stop their own. @returns those that did not end in time */
async function stopAll(node: Node, cells: readonly Cell[], limitMs: number): Promise<ActorAddress[]> {
  const reason = "the system is closed";
  const isOwned = ({ owner }: Cell): boolean => owner !== undefined && node.cells.has(owner.address);
  for (const cell of cells.filter((each) => !isOwned(each)).reverse()) {
    if (cell.outcome === undefined) cell.life.shutdown(reason, limitMs);
    if (cell.outcome === undefined) await new Promise((resolve) => cell.life.watch("drain", resolve));
  }
  return cells.filter((cell) => cell.asked && cell.life.late).map(({ address }) => address);
}

async function settled(closing: Promise<void>, node: Node): Promise<void> {
  await closing.catch((error: unknown) =>
    node.report({ level: "warning", message: "Closing met an error", error }),
  );
}
