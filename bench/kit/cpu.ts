import { readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second. */
const tickMs = 10;

/** What a process has used of the processors, in milliseconds; NaN where there is no /proc. */
function cpuMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Its name comes before, in brackets, and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return Number.NaN;
  }
}

/** Counts from now on. @returns what each process has used since, in milliseconds */
export function cpuOf<Name extends string>(
  pids: Readonly<Record<Name, number>>,
): () => Readonly<Record<Name, number>> {
  const names = Object.keys(pids) as Name[];
  const before = new Map(names.map((name) => [name, cpuMs(pids[name])]));
  return () =>
    Object.fromEntries(names.map((name) => [name, cpuMs(pids[name]) - (before.get(name) ?? 0)])) as Readonly<
      Record<Name, number>
    >;
}
