import { type Mealy, outputsOf, reachableIn, rowOf, type Transition } from "./dot-mealy.ts";

export interface DotMutant {
  readonly name: string;
  readonly kind: "output" | "target";
  readonly mealy: Mealy;
  /** Whether anybody who sees only outputs could ever tell it from the original. */
  readonly visible: boolean;
}

/** A seeded sample of tables with one output or one target changed, in equal shares, none twice; fewer if there are no more. */
export function sampleMutants(mealy: Mealy, count: number, random: () => number): DotMutant[] {
  const { states, transitions } = reachableIn(mealy);
  const outputs = [...new Set(transitions.map(({ output }) => output))];
  const all = (["output", "target"] as const).flatMap((kind) => {
    const changes = transitions.flatMap((transition) =>
      (kind === "output" ? outputs : [...states])
        .filter((each) => each !== transition[kind])
        .map((now) => ({ transition, kind, now })),
    );
    return shuffled(changes, random).slice(0, Math.ceil(count / 2));
  });
  return all.map(({ transition, kind, now }) => {
    const mutant = withOne(mealy, { ...transition, [kind]: now });
    const name = `${transition.from}: ${transition.input} has the ${kind} ${now}`;
    return { name, kind, mealy: mutant, visible: differ(mealy, mutant) };
  });
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let n = result.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [result[n], result[other]] = [result[other] as T, result[n] as T];
  }
  return result;
}

function withOne(mealy: Mealy, { from, input, output, target }: Transition): Mealy {
  const rows = new Map(mealy.table.get(from)).set(input, { output, target });
  return { ...mealy, table: new Map(mealy.table).set(from, rows) };
}

/** Whether some word has other outputs in one than in the other: all pairs of states are looked at. */
function differ(one: Mealy, other: Mealy): boolean {
  const pairs = new Map([[`${one.start} ${other.start}`, [one.start, other.start] as const]]);
  for (const [a, b] of pairs.values())
    for (const input of one.inputs) {
      const [x, y] = [rowOf(one, a, input), rowOf(other, b, input)];
      if (x?.output !== y?.output) return true;
      if (x !== undefined && y !== undefined) pairs.set(`${x.target} ${y.target}`, [x.target, y.target]);
    }
  return false;
}

/** Whether a suite of words sees a mutant: by outputs alone, as from outside of a box. */
export function seenFromOutside(mealy: Mealy, mutant: Mealy, suite: readonly (readonly string[])[]): boolean {
  return suite.some((word) => outputsOf(mealy, word).join("\n") !== outputsOf(mutant, word).join("\n"));
}

/** Whether it sees it by outputs and states, as the runs of generated paths do. */
export function seenFromInside(mealy: Mealy, mutant: Mealy, suite: readonly (readonly string[])[]): boolean {
  return suite.some((word) => {
    let [a, b] = [mealy.start, mutant.start];
    return word.some((input) => {
      const [x, y] = [rowOf(mealy, a, input), rowOf(mutant, b, input)];
      if (x?.output !== y?.output || x?.target !== y?.target) return true;
      [a, b] = [x?.target ?? a, y?.target ?? b];
      return false;
    });
  });
}
