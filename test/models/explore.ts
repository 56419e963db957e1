import { check } from "../../src/testing/team/check.ts";
import type { CheckOptions } from "../../src/testing/team/check-options.ts";
import type { CheckResult } from "../../src/testing/team/check-result.ts";

/** Checks a model, with room for the larger bounds. */
export function explore<S>(model: CheckOptions<S>): CheckResult<S> {
  return check({ ...model, statesMax: 20_000_000, memoryMaxMb: 12_000 });
}

/** A result in a line. */
export function lineOf<S>(
  name: string,
  { states, edges, depth, elapsedMs, violation }: CheckResult<S>,
): string {
  const searched = `${states} states, ${edges} edges, depth ${depth}, ${Math.round(elapsedMs)} ms`;
  if (violation === undefined) return `${name}: holds; ${searched}`;
  const story = violation.steps.map(({ action }) => action).join("; ");
  return `${name}: ${violation.kind}, "${violation.name}", after ${violation.steps.length} steps: ${story} (${searched})`;
}

export function boundsText(bounds: object): string {
  return Object.entries(bounds)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
