import { type Calm, calmNow } from "./machine.ts";
import { type RunningSide, type SideSpec, startSide } from "./start-side.ts";
import { ratiosOf, type Spread, spreadOf } from "./statistics.ts";
import type { Case, Comparison, Workload } from "./workload.ts";

export interface MeasuredRatio extends Comparison {
  readonly ratio: Spread;
  readonly met: boolean | undefined;
}

export interface MeasuredFigure {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly sides: readonly { readonly side: string; readonly spread: Spread; readonly met?: boolean }[];
  readonly ratios: readonly MeasuredRatio[];
}

export interface MeasuredCase {
  readonly workload: string;
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  readonly calm: Calm;
  readonly figures: readonly MeasuredFigure[];
}

export interface MeasureOptions {
  readonly url: string;
  readonly serverPid: number;
  readonly sync: "interval" | "always";
  readonly quick: boolean;
  readonly rounds: number;
  readonly peers: boolean;
  /** Programs that are not installed. */
  readonly missing: ReadonlySet<string>;
  /** Told what goes on. */
  readonly onProgress: (text: string) => void;
}

/** By side, one value a round; a round that a side failed ends the workload. */
type Values = Map<string, Map<string, number[]>>;

/** Measures all cases of a workload: in each round every side once, A B C A B C. */
export async function measure(workload: Workload, options: MeasureOptions): Promise<MeasuredCase[]> {
  const specs = workload.sides.filter(
    ({ peer, program = "" }) => (options.peers || peer === undefined) && !options.missing.has(program),
  );
  const running = workload.fresh ? [] : await startAll(specs, options);
  const measured: MeasuredCase[] = [];
  try {
    for (const one of workload.cases) {
      const calm = calmNow();
      const values: Values = new Map();
      // Two rounds warm up, and are not counted, unless each round is a process of its own.
      const first = workload.fresh ? 0 : options.quick ? -1 : -2;
      for (let round = first; round < options.rounds; round++) {
        for (const spec of specs) {
          if (one.sides !== undefined && !one.sides.includes(spec.name)) continue;
          options.onProgress(
            `${workload.id} ${one.title}: round ${round + 1}/${options.rounds}, ${spec.name}`,
          );
          const known = running.find((side) => side.spec === spec);
          const figures = known === undefined ? await once(spec, one, options) : await known.round(one.name);
          if (round >= 0) keep(values, spec.name, figures);
        }
      }
      measured.push(summed(workload, one, values, calm, options.rounds));
    }
  } finally {
    for (const side of running) await side.close();
  }
  return measured;
}

async function startAll(specs: readonly SideSpec[], options: MeasureOptions): Promise<RunningSide[]> {
  const running: RunningSide[] = [];
  try {
    for (const spec of specs) running.push(await startSide(spec, options));
    return running;
  } catch (error) {
    for (const side of running) await side.close();
    throw error;
  }
}

async function once(spec: SideSpec, one: Case, options: MeasureOptions): Promise<Record<string, number>> {
  const side = await startSide(spec, options);
  try {
    return await side.round(one.name);
  } finally {
    await side.close();
  }
}

function keep(values: Values, side: string, figures: Readonly<Record<string, number>>): void {
  const known = values.get(side) ?? new Map<string, number[]>();
  values.set(side, known);
  for (const [name, value] of Object.entries(figures)) known.set(name, [...(known.get(name) ?? []), value]);
}

function summed(workload: Workload, one: Case, values: Values, calm: Calm, rounds: number): MeasuredCase {
  const figures = one.figures.flatMap(({ name, title, unit, compare = [], bounds = [] }) => {
    const of = (side: string): number[] => values.get(side)?.get(name) ?? [];
    const sides = [...values.keys()].flatMap((side) => {
      const all = of(side);
      if (all.length === 0) return [];
      const spread = spreadOf(all);
      const bound = bounds.find(({ subject }) => subject === side);
      const met = bound === undefined ? undefined : isMet(bound, spread.median);
      return [{ side, spread, ...(met === undefined ? {} : { met }) }];
    });
    const ratios = compare.flatMap((comparison) => {
      const all = ratiosOf(of(comparison.subject), of(comparison.against));
      if (all.length === 0) return [];
      const ratio = spreadOf(all);
      return [{ ...comparison, ratio, met: isMet(comparison, ratio.median) }];
    });
    return sides.length === 0 ? [] : [{ name, title, unit, sides, ratios }];
  });
  return { workload: workload.id, name: one.name, title: one.title, rounds, calm, figures };
}

type Wanted = Pick<Comparison, "atLeast" | "atMost">;

function isMet({ atLeast, atMost }: Wanted, value: number): boolean | undefined {
  if (atLeast !== undefined) return value >= atLeast;
  return atMost === undefined ? undefined : value <= atMost;
}
