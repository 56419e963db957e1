import { describeFault, type Fault } from "./faults.ts";
import { type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";

/** Runs that looking for fewer faults may take. */
const runsMaxDefault = 200;

export interface Shrunk {
  /** The run with the fewest faults that still breaks the same promise. */
  readonly result: SimulationResult;
  readonly runs: number;
  /** Whether the runs were used up before no fault could be left out any more. */
  readonly truncated: boolean;
}

/**
 * Leaves out faults, many at once and then one by one, as long as the same promise stays broken (delta debugging). What is
 * left, each single one is needed.
 */
export async function shrink(
  options: SimulationOptions,
  failed: SimulationResult,
  runsMax = runsMaxDefault,
): Promise<Shrunk> {
  let best = failed;
  let runs = 0;
  const tryWith = async (faults: readonly Fault[]): Promise<boolean> => {
    runs += 1;
    const result = await simulate({ ...options, seed: failed.seed, faults });
    if (result.broken?.promise !== failed.broken?.promise) return false;
    best = result;
    return true;
  };
  let chunk = Math.ceil(failed.faults.length / 2);
  while (chunk > 0 && runs < runsMax) {
    let left = false;
    for (let at = 0; at < best.faults.length && runs < runsMax; ) {
      const fewer = [...best.faults.slice(0, at), ...best.faults.slice(at + chunk)];
      if (await tryWith(fewer)) left = true;
      else at += chunk;
    }
    if (chunk > 1) chunk = Math.ceil(chunk / 2);
    else if (!left) return { result: best, runs, truncated: false };
  }
  return { result: best, runs, truncated: best.faults.length > 0 };
}

/** A failed run for whoever has to understand it: what broke, what it took, what happened last, how to see it again. */
export function failureText(failed: SimulationResult, shrunk: Shrunk, command: string): string {
  const { result, truncated } = shrunk;
  const { seed, broken, faults, trace } = result;
  const left = faults.map((fault, n) => `  ${n + 1}. ${describeFault(fault)}`);
  return [
    `Seed ${seed}: ${broken?.promise}: ${broken?.detail} (at ${broken?.atMs.toFixed(1)} ms)`,
    `It takes ${faults.length} of ${failed.faults.length} faults${truncated ? " at most; no more runs were left to look for fewer" : ""}:`,
    ...(left.length > 0 ? left : ["  none"]),
    "What happened last:",
    ...trace.slice(-40).map((line) => `  ${line}`),
    "To see it again:",
    `  SIMULATION='${JSON.stringify({ seed, faults })}' ${command}`,
  ].join("\n");
}
