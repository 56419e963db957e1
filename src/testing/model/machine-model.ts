import type { AnyStateMachine } from "xstate";
import { type Part, partsOf } from "./catalogue.ts";
import { Explorer, type Truncation } from "./explorer.ts";
import type { Graph, Way } from "./graph.ts";
import { hunt } from "./hunt.ts";
import { Occurrences } from "./occurrences.ts";
import { type ModelOptions, modelLimits } from "./options.ts";
import { reasonFor } from "./reasons.ts";
import { SampleBook } from "./sample-book.ts";
import type { Stepper } from "./stepper.ts";

/** A part of a machine that nothing was found to reach. */
export interface Missing {
  readonly id: string;
  readonly kind: Part["kind"];
  readonly reason: string;
}

/** A machine as a graph: what moments it can come to, and by which events. */
export interface MachineModel<M extends AnyStateMachine = AnyStateMachine> {
  readonly machine: M;
  readonly options: ModelOptions<M>;
  /** Moments found. */
  readonly states: number;
  /** Events tried in them that came to something. */
  readonly edges: number;
  /** Why not everything was looked at; undefined if everything was. */
  readonly truncated: Truncation | undefined;
  /** What was left out, and what to give to have it. */
  readonly notes: readonly string[];
  /** The parts that can be at work: states, transitions, guards holding and not. */
  readonly reachable: ReadonlySet<string>;
  /** The others, with the reason. */
  readonly missing: readonly Missing[];
  readonly graph: Graph;
  readonly stepper: Stepper;
  /** The events on the shortest way to a moment where something holds. */
  wayTo(holds: (place: Graph["start"]) => boolean): readonly Way[] | undefined;
}

/**
 * Explores a machine without running it: every message its protocol accepts with a few payloads, its timers, and each
 * end of its calls and other children (done, failed, or not yet). Children and neighbours are played: what they would
 * do is tried, whatever they are. Actions of the machine's own are noted and not carried out.
 *
 * Time is not counted: a timer may go off whenever no other must go off before it.
 *
 * @throws OPTION_INVALID; MACHINE_INVALID for a machine whose actions change its context in place
 */
export function machineModel<M extends AnyStateMachine>(
  machine: M,
  options: ModelOptions<M> = {},
): MachineModel<M> {
  const limits = modelLimits(options as ModelOptions<never>);
  const book = new SampleBook(options.protocol, limits);
  const occurrences = new Occurrences(machine, options as ModelOptions<never>, book);
  const explorer = new Explorer(machine, options as ModelOptions<never>, limits, occurrences);
  explorer.explore();
  hunt(explorer, occurrences, book);
  const { graph, truncated, stepper, faulty } = explorer;
  const parts = partsOf(stepper.machine);
  const unheard = occurrences.unsaid.filter((type) => !isHeard(type, graph));
  return {
    machine,
    options,
    states: graph.size,
    edges: graph.ways,
    truncated,
    notes: [
      ...explorer.notes,
      ...unheard.map((type) => `Nothing says ${type}, which the machine takes: give payloads for it`),
    ],
    reachable: graph.seen,
    missing: parts
      .filter(({ id }) => !graph.seen.has(id))
      .map((part) => {
        const reason = reasonFor(part, graph, {
          truncated: truncated !== undefined,
          unsaid: occurrences.unsaid,
          faulty,
        });
        return { id: part.id, kind: part.kind, reason };
      }),
    graph,
    stepper,
    wayTo: (holds) => wayTo(graph, holds),
  };
}

/** Whether an event came after all: delayed, or raised by the machine itself. */
function isHeard(type: string, { seen, places }: Graph): boolean {
  if ([...seen].some((id) => id.includes(`: ${type}`))) return true;
  return [...places].some(({ ways }) => ways.some(({ occurrence }) => occurrence.event.type === type));
}

function wayTo(graph: Graph, holds: (place: Graph["start"]) => boolean): readonly Way[] | undefined {
  const before = new Map<Graph["start"], Way | undefined>([[graph.start, undefined]]);
  // A Map goes on over what is added to it meanwhile: breadth first.
  for (const [place, last] of before) {
    if (holds(place)) {
      const ways: Way[] = [];
      for (let way = last; way !== undefined; way = before.get(way.from)) ways.unshift(way);
      return ways;
    }
    for (const way of place.ways) if (!before.has(way.to)) before.set(way.to, way);
  }
  return undefined;
}
