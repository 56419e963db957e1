import { CoxswainError, quote } from "../../../protocols/index.ts";
import { drawFaults, type Fault, type FaultMix } from "./faults.ts";
import { randomStream } from "./random.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { type BrokenPromise, World, type WorldOptions } from "./world.ts";

/** What is simulated, and what must hold. */
export interface Scenario {
  /** Starts a process of a node: makes its system over `await node.connect()` with `env: node.env`, spawns its actors. */
  boot(node: SimulatedNode, world: World): Promise<unknown>;
  /** What is done to it from outside, by the clock: `world.every(50, …)`. Nothing here may wait for the real world. */
  drive?(world: World): void;
  /** At the end, when all faults are long over: calls `world.fail` for each promise that does not hold. */
  check?(world: World): void | Promise<void>;
}

export interface SimulationOptions
  extends Pick<WorldOptions, "server" | "client" | "clocks" | "traceLinesMax"> {
  /** All chance comes from it: the same seed is the same history. */
  readonly seed: number;
  /** Their names, or how many. Default 3. */
  readonly nodes?: number | readonly string[];
  /** What goes wrong: a list, or how many of each kind may be drawn. Default: nothing. */
  readonly faults?: readonly Fault[] | FaultMix;
  /** A new one for each run: what it remembers is of one history. */
  readonly scenario: () => Scenario;
  /** When it ends, in simulated milliseconds. */
  readonly untilMs: number;
  /** Until when drawn faults are over; the rest is for recovering. Default: 0.6 of `untilMs`. */
  readonly faultsUntilMs?: number;
}

export interface SimulationResult {
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** The promise that was broken first; undefined where all hold. */
  readonly broken: BrokenPromise | undefined;
  /** Over everything that happened, in order. */
  readonly hash: string;
  readonly events: number;
  /** The last lines of what happened. */
  readonly trace: readonly string[];
}

/**
 * Runs several nodes in this process, on one virtual clock and a simulated NATS, with one seed for everything that is
 * left to chance. Promises of the runtime settle between any two events, so a run takes no real time but what it
 * computes, and a seed repeats its history event by event: `hash` tells.
 *
 * The simulated NATS does what the real one can do. On one connection nothing is lost, doubled or reordered; loss comes
 * with a connection's end (a reset, a partition longer than the client's `livenessMs`, a slow reader, a restart of the
 * server), and with the end of a process. Between two connections there is no order. A store's request whose connection
 * ends, or that has no answer, is `unknown`, done or not. What a queue delivers comes again, maybe in another order, when it is
 * not acknowledged in time, and when its consumer has missed something. A server keeps what it had flushed: a `powerCut` takes
 * the last writes of each bucket, stream and consumer. Beyond that, as no NATS does, goes the fault `hostile` alone.
 *
 * It does not simulate: several servers, replicas and elections (a `storeGap` is what a client sees of one), permissions,
 * TLS, flow control, and the time that computing takes.
 *
 * @throws OPTION_INVALID, and what the scenario throws
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, scenario: makeScenario, untilMs, faultsUntilMs = untilMs * 0.6 } = options;
  if (!Number.isSafeInteger(seed)) {
    throw new CoxswainError("OPTION_INVALID", `Expected seed to be a whole number, got ${quote(seed)}`);
  }
  if (!(untilMs > 0 && untilMs < Number.POSITIVE_INFINITY)) {
    throw new CoxswainError("OPTION_INVALID", `Expected untilMs > 0, got ${quote(untilMs)}`);
  }
  const nodes = namesOf(options.nodes ?? 3);
  const faults = faultsOf(options.faults ?? [], seed, nodes, faultsUntilMs);
  const scenario = makeScenario();
  const world = new World({ ...options, nodes, boot: (node, own) => scenario.boot(node, own) });
  world.start(faults);
  scenario.drive?.(world);
  await world.clock.runUntil(untilMs);
  if (world.broken === undefined) await scenario.check?.(world);
  for (const node of world.nodes) node.process.kill();
  const { broken, trace, clock } = world;
  return { seed, faults, broken, hash: trace.hash, events: clock.count, trace: trace.lines };
}

function namesOf(nodes: number | readonly string[]): readonly string[] {
  if (typeof nodes !== "number") return nodes;
  if (Number.isSafeInteger(nodes) && nodes > 0 && nodes <= 100) {
    return Array.from({ length: nodes }, (_, n) => `n${n + 1}`);
  }
  throw new CoxswainError("OPTION_INVALID", `Expected 1 to 100 nodes, or their names, got ${quote(nodes)}`);
}

function faultsOf(
  faults: readonly Fault[] | FaultMix,
  seed: number,
  nodes: readonly string[],
  untilMs: number,
): readonly Fault[] {
  if ("most" in faults) return drawFaults(faults, randomStream(seed).fork("faults"), nodes, untilMs);
  return faults;
}
