import { parseArgs } from "node:util";
import { type FaultKind, faultKinds, faultTable } from "./faults/fault-plan.ts";
import { type PlantedBug, plantedBugs } from "./fleet/planted-bugs.ts";
import { type Scenario, scenarios } from "./workload/workload-options.ts";

export interface ProveOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  /** Undefined: all that this run can carry out. */
  readonly faults: readonly FaultKind[] | undefined;
  readonly nodes: number;
  readonly servers: 1 | 3;
  readonly keys: number;
  readonly leaseMs: number;
  /** Between two faults, in milliseconds. */
  readonly gapMs: readonly [least: number, most: number];
  /** How long the last messages may take to be worked on when all is healed, in milliseconds. */
  readonly patienceMs: number;
  /** A timer may be so late, see `TimerLimits`, in milliseconds. */
  readonly lateMs: number;
  /** Keep the folder of the run also where nothing was found. */
  readonly keep: boolean;
  /** Planted into every node: a run that does not find it is no proof. */
  readonly bug: PlantedBug | undefined;
  /** Volatile agents on one node: to try the harness itself. */
  readonly volatile: boolean;
}

const bugs = Object.keys(plantedBugs) as PlantedBug[];

export const help = `npm run prove:kill -- [options]

Runs durable agents in several processes over a real nats-server, does to them what a bad day does, and checks from outside that
nothing was lost, doubled, out of order, early, or written by an owner that had been replaced.

  --seconds N      how long faults go on (default 60; 0: until Ctrl-C)
  --seed N         the same seed gives the same kinds of faults in the same order (default: made up, and said)
  --scenario a,b   ${Object.keys(scenarios).join(", ")} (default all)
  --faults a,b     (default all that this run can carry out; "none")
${faultKinds.map((kind) => `                   ${kind.padEnd(10)} ${faultTable[kind].says}`).join("\n")}
  --servers N      1, or 3 that keep replicas together (default 1)
  --nodes N        processes that host agents (default 3)
  --keys N         agents of each type (default 4)
  --lease N        how long a silent node counts as alive, in milliseconds (default 3000)
  --gap A,B        least and most time from one fault to the next, in milliseconds (default 1000,4000)
  --late N         a timer may be so late when no fault holds it up, in milliseconds (default 10000)
  --planted BUG    plants a bug into the nodes, to see that it is found:
${bugs.map((bug) => `                   ${bug.padEnd(13)} ${plantedBugs[bug]}`).join("\n")}
  --keep           keep the folder of the run; it is kept anyway where something was found
  --help           this

Ctrl-C stops in order: all is healed, and what was done so far is checked; a second one ends it at once.
Ends with 0 nothing found, 1 something found, 2 wrong usage, 130 interrupted (and nothing found).
`;

/** What was asked for; a text says what is wrong with it; undefined is a call for help. */
export function optionsOf(args: readonly string[]): ProveOptions | string | undefined {
  let given: Record<string, string | boolean | undefined>;
  try {
    given = parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string", default: "60" },
        seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
        scenario: { type: "string" },
        faults: { type: "string" },
        servers: { type: "string", default: "1" },
        nodes: { type: "string", default: "3" },
        keys: { type: "string", default: "4" },
        lease: { type: "string", default: "3000" },
        gap: { type: "string", default: "1000,4000" },
        late: { type: "string", default: "10000" },
        planted: { type: "string" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
  if (given.help === true) return undefined;
  const wrong: string[] = [];
  const whole = (name: string, least: number): number => {
    const value = Number(given[name]);
    if (!Number.isInteger(value) || value < least)
      wrong.push(`Expected --${name} to be a whole number from ${least}, got "${given[name]}"`);
    return value;
  };
  const some = <T extends string>(name: string, known: readonly T[]): readonly T[] => {
    const names = String(given[name]).split(",");
    const stranger = names.find((each) => !known.includes(each as T));
    if (stranger !== undefined) wrong.push(`Expected --${name} of ${known.join(", ")}, got "${stranger}"`);
    return names as T[];
  };
  const [least = Number.NaN, most = Number.NaN] = String(given.gap).split(",").map(Number);
  if (!(least >= 0 && most >= least))
    wrong.push(`Expected --gap of two numbers like 1000,4000, got "${given.gap}"`);
  const servers = whole("servers", 1);
  if (servers !== 1 && servers !== 3) wrong.push(`Expected --servers to be 1 or 3, got "${given.servers}"`);
  const options: ProveOptions = {
    seconds: whole("seconds", 0),
    seed: whole("seed", 0),
    scenarios:
      given.scenario === undefined
        ? (Object.keys(scenarios) as Scenario[])
        : some("scenario", Object.keys(scenarios) as Scenario[]),
    faults:
      given.faults === undefined ? undefined : given.faults === "none" ? [] : some("faults", faultKinds),
    nodes: whole("nodes", 1),
    servers: servers === 3 ? 3 : 1,
    keys: whole("keys", 2),
    leaseMs: whole("lease", 300),
    gapMs: [least, most],
    patienceMs: 90_000,
    lateMs: whole("late", 0),
    keep: given.keep === true,
    bug: given.planted === undefined ? undefined : some("planted", bugs)[0],
    volatile: false,
  };
  return wrong.length === 0 ? options : wrong.join("\n");
}
