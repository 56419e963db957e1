import type { Workload } from "../kit/workload.ts";
import { ask } from "./ask.ts";
import { durableLives } from "./durable-lives.ts";
import { durableTurns, durableTurnsFlushed } from "./durable-turns.ts";
import { hosting } from "./hosting.ts";
import { idle } from "./idle.ts";
import { simulation } from "./simulation.ts";
import { spread } from "./spread.ts";
import { start } from "./start.ts";
import { supervision } from "./supervision.ts";
import { teamCheck } from "./team-check.ts";
import { tell } from "./tell.ts";

export const workloads: readonly Workload[] = [
  start,
  ask,
  tell,
  idle,
  spread,
  supervision,
  hosting,
  teamCheck,
  simulation,
  durableTurns,
  durableTurnsFlushed,
  durableLives,
];
