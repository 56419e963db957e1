import type { AgentType } from "../agents/index.ts";

/** What is asked of the agents; each has agents of its own type. */
export const scenarios = {
  counters: "counter",
  transfers: "account",
  timers: "alarm",
  calls: "caller",
} as const satisfies Record<string, AgentType>;

export type Scenario = keyof typeof scenarios;

export interface WorkloadOptions {
  readonly system: string;
  readonly servers: readonly string[];
  readonly leaseMs: number;
  readonly connection: { readonly replicas: number };
  readonly folder: string;
  readonly scenarios: readonly Scenario[];
  /** Agents of each type. */
  readonly keys: number;
  readonly seed: number;
}

/** The agents of a scenario. */
export function agentsOf(scenario: Scenario, keys: number): string[] {
  return Array.from({ length: keys }, (_, index) => `${scenarios[scenario]}.k${index + 1}`);
}
