import {
  type ActorAddress,
  CoxswainError,
  quote,
  type Role,
  rootOf,
  toWireError,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { Cell } from "./cell.ts";
import { publishFact } from "./facts.ts";
import type { Owner } from "./links.ts";
import type { Node } from "./node.ts";

export interface StartOptions {
  readonly input: unknown;
  /** With whom it ends. */
  readonly owner?: Owner | undefined;
  readonly startWithinMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What it may do; default its definition's. */
  readonly role?: Role | undefined;
}

export interface Begun {
  readonly cell: Cell;
  /** It was done before it was up: it declined, and there is nothing to wait for. */
  readonly ignored: boolean;
}

/** How long an actor may take until it is up, in milliseconds, where nobody says. */
export const startWithinMsDefault = 30_000;

/**
 * Starts an actor on this node. Resolves when it is up, or `done` already: its name is held system-wide, its first
 * state is entered, it has left the states tagged `starting`, and what any node sends to it arrives.
 *
 * @throws ADDRESS_TAKEN, ACTOR_FAILED, SYSTEM_CLOSED, OPTION_INVALID
 */
export async function startActor(
  node: Node,
  at: ActorAddress,
  definition: ActorDefinition,
  options: StartOptions,
): Promise<Begun> {
  const { owner, signal, startWithinMs = startWithinMsDefault } = options;
  if (!(startWithinMs > 0)) {
    throw new CoxswainError("OPTION_INVALID", `Expected startWithinMs > 0, got ${quote(startWithinMs)}`);
  }
  assertOpen(node);
  if (node.registry?.holds(rootOf(at)) === false) {
    await node.registry.claim(rootOf(at));
    assertOpen(node);
  }
  if (signal?.aborted === true) {
    throw new CoxswainError("CANCELLED", `The start of ${at} was withdrawn`);
  }
  if (node.cells.has(at)) {
    throw new CoxswainError("ADDRESS_TAKEN", `An actor lives at ${quote(at)} already, on this node`, {
      details: { node: node.name },
    });
  }
  if (definition.grant !== undefined) {
    await node.grants.follow();
    assertOpen(node);
  }
  const cell = new Cell(node, at, definition, inputFor(at, definition, options), owner);
  node.roots.enter(cell);
  publishFact(node, at, "started", { address: at, protocol: definition.protocol.tag, node: node.name });
  if (owner !== undefined) node.links.belong(cell, owner);
  cell.start();
  if (cell.outcome === undefined && cell.starting) await cell.life.up(startWithinMs, signal);
  assertUp(cell);
  // It may end while the server still takes its subscriptions: then it was up, and its end is an end.
  const ignored = cell.outcome !== undefined;
  const opening = node.roots.opening(cell);
  if (opening !== undefined) await opening;
  const { role = definition.role } = options;
  // Its end takes it out of the roster: what has ended is not entered.
  if (role !== undefined && cell.outcome === undefined) await node.registry?.roster.enter(at, role);
  return { cell, ignored };
}

function inputFor(at: ActorAddress, { inputOf }: ActorDefinition, { input, owner }: StartOptions): unknown {
  if (inputOf === undefined) return input;
  try {
    return inputOf(input as never, { self: at, owner: owner?.address });
  } catch (error) {
    const { message, ...details } = toWireError(error);
    throw new CoxswainError("ACTOR_FAILED", `${at} could not start: ${message}`, { details, cause: error });
  }
}

function assertOpen(node: Node): void {
  if (node.closed) throw new CoxswainError("SYSTEM_CLOSED", `System ${node.system} is closed`);
}

/** One that is done has done what it was started for. */
function assertUp({ address, outcome }: Cell): void {
  if (outcome === undefined || outcome.kind === "done") return;
  const why =
    outcome.kind === "failed" ? outcome.error.message : (outcome.reason ?? `it was ${outcome.kind}`);
  throw new CoxswainError("ACTOR_FAILED", `${address} could not start: ${why}`, {
    details: outcome.kind === "failed" ? { ...outcome.error } : { ...outcome },
  });
}
