import { CoxswainError, quote } from "../../../protocols/index.ts";
import { realEnv } from "../../env/env.ts";
import type { Fault } from "./faults.ts";
import { failureText, shrink } from "./shrink.ts";
import { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";

export interface SeedsOptions extends Omit<SimulationOptions, "seed"> {
  readonly seeds: readonly number[];
  /** How to run this again, for a shell: `npx vitest run test/shop.test.ts`. */
  readonly command: string;
  /** No new seed is begun after so many milliseconds of the real world. Default: all are run. */
  readonly withinMs?: number;
  /** One history instead of the seeds, as a failure has printed it. Default: the environment variable SIMULATION. */
  readonly replay?: string | undefined;
}

export interface SeedsSummary {
  /** One for each seed that was run. */
  readonly results: readonly SimulationResult[];
  /** Seeds for which there was no time. */
  readonly leftOut: readonly number[];
}

/** A promise does not hold; the message tells the seed, the faults it takes, what happened, and how to see it again. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  /** With the fewest faults. */
  readonly result: SimulationResult;

  constructor(message: string, result: SimulationResult) {
    super(message);
    this.result = result;
  }
}

/**
 * Simulates one seed after the other. The first that breaks a promise is shrunk to the faults it takes, and thrown.
 *
 * @throws {@link SimulationFailure}; OPTION_INVALID
 */
export async function simulateSeeds(options: SeedsOptions): Promise<SeedsSummary> {
  const { replay = process.env.SIMULATION, command, withinMs = Number.POSITIVE_INFINITY, seeds } = options;
  if (replay !== undefined) return { results: [await replayed(options, replay)], leftOut: [] };
  const untilMs = realEnv.monotonicMs() + withinMs;
  const results: SimulationResult[] = [];
  for (const [n, seed] of seeds.entries()) {
    if (realEnv.monotonicMs() >= untilMs) return { results, leftOut: seeds.slice(n) };
    const result = await simulate({ ...options, seed });
    if (result.broken !== undefined) {
      const shrunk = await shrink({ ...options, seed }, result);
      throw new SimulationFailure(failureText(result, shrunk, command), shrunk.result);
    }
    // A thousand traces would not be read.
    results.push({ ...result, trace: [] });
  }
  return { results, leftOut: [] };
}

/** Exactly the faults that were printed: nothing is drawn, and nothing shrunk. */
async function replayed(options: SeedsOptions, text: string): Promise<SimulationResult> {
  const { seed, faults } = readReplay(text);
  const result = await simulate({ ...options, seed, ...(faults === undefined ? {} : { faults }) });
  if (result.broken === undefined) return result;
  const shrunk = { result, runs: 0, truncated: false };
  throw new SimulationFailure(failureText(result, shrunk, options.command), result);
}

function readReplay(text: string): { seed: number; faults: readonly Fault[] | undefined } {
  try {
    const read = JSON.parse(text) as { seed?: unknown; faults?: unknown } | number;
    const { seed, faults } = typeof read === "number" ? { seed: read, faults: undefined } : read;
    const listed = faults === undefined || Array.isArray(faults);
    if (Number.isSafeInteger(seed) && listed) return { seed: seed as number, faults };
  } catch {
    // Told below, as any other text that says nothing.
  }
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected SIMULATION to be a seed, or like '{"seed":7,"faults":[]}', got ${quote(text)}`,
  );
}
