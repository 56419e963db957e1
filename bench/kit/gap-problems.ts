import type { AssignmentProblem } from "../../machines/balancing/index.ts";

/** A table of OR-Library, as a cost that is to be least, and the proved optimum in its own sense. */
export interface GapProblem {
  readonly file: string;
  readonly number: number;
  readonly sense: "max" | "min";
  readonly optimum: number;
  readonly problem: AssignmentProblem;
}

/** Reads `optimum.csv` and the files it names. */
export function gapProblems(read: (file: string) => string): readonly GapProblem[] {
  const rows = read("optimum.csv").trim().split("\n").slice(1);
  const files = new Map<string, AssignmentProblem[]>();
  return rows.map((row) => {
    const [file, number, sense, optimum] = row.trim().split(",") as [string, string, "max" | "min", string];
    const problems = files.get(file) ?? parsed(read(`${file}.txt`), sense);
    files.set(file, problems);
    const problem = problems[Number(number) - 1] as AssignmentProblem;
    return { file, number: Number(number), sense, optimum: Number(optimum), problem };
  });
}

/** Number of problems; of each: workers, tasks, costs by worker, needs by worker, capacities. */
function parsed(text: string, sense: "max" | "min"): AssignmentProblem[] {
  const numbers = text.trim().split(/\s+/).map(Number);
  let at = 0;
  const next = (): number => numbers[at++] as number;
  const row = (length: number): number[] => Array.from({ length }, next);
  return Array.from({ length: next() }, () => {
    const workers = next();
    const tasks = next();
    const sign = sense === "max" ? -1 : 1;
    const cost = Array.from({ length: workers }, () => row(tasks).map((value) => sign * value));
    const need = Array.from({ length: workers }, () => row(tasks));
    return { cost, need, capacity: row(workers) };
  });
}
