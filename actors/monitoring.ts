import {
  type AlertsInput,
  alertsMachine,
  type Call,
  fromCall,
  type MonitorInput,
  qualityMonitorMachine,
} from "../machines/index.ts";
import {
  type AlertInput,
  actorAddress,
  alerts,
  CoxswainError,
  findings,
  monitor,
  quote,
} from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";

/** A check under way. */
export type QualityCheck = Call<{ readonly pipeline: string }>;

/**
 * Monitors, `monitor.<pipeline>`: each checks at once when it is told to `watch`, then every five minutes, and a minute after a check
 * that failed. What is found wrong goes to `alerts.<pipeline>`. An agent of one key lives once in a cluster.
 *
 * @throws OPTION_INVALID
 * @example actors: { monitor: qualityMonitor({ check: async ({ input }) => countNulls(input.pipeline) }), alerts: alertQueue() }
 */
export function qualityMonitor(
  options: Omit<MonitorInput, "alerts" | "pipeline"> & {
    /** What is wrong with the data of the pipeline, at most 100 things; what it throws is a check that failed. */
    readonly check: (call: QualityCheck) => Promise<readonly AlertInput[]> | readonly AlertInput[];
  },
): ActorDefinition<typeof monitor> {
  const { check, ...times } = options;
  checkTimes(times);
  return defineActor({
    protocol: monitor,
    machine: qualityMonitorMachine.provide({
      actors: { check: fromCall(async (call: QualityCheck) => findings.parse(await check(call))) },
    }),
    inputOf: (_: undefined, { self }) => {
      const pipeline = self.slice(self.indexOf(".") + 1);
      return { ...times, pipeline, alerts: actorAddress(`alerts.${pipeline}`) };
    },
    durability: "durable",
  });
}

/** Alerts, `alerts.<pipeline>`. @throws OPTION_INVALID */
export function alertQueue(options: AlertsInput = {}): ActorDefinition<typeof alerts> {
  checkTimes(options);
  return defineActor({
    protocol: alerts,
    machine: alertsMachine,
    inputOf: (_: undefined) => options,
    durability: "durable",
  });
}

function checkTimes(times: object): void {
  for (const [name, value] of Object.entries(times)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected ${name} to be a whole number >= 1, got ${quote(value)}`,
      );
  }
}
