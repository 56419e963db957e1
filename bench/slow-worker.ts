import { parseArgs } from "node:util";
import { clairvoyantMs, dispatchRun, type RunWorker } from "../test/machines/balancing/dispatch-run.ts";
import { drawing } from "../test/machines/balancing/draws.ts";

const help = `node bench/slow-worker.ts [--seeds 20]

Runs 480 tasks of four types, log-normal (deviation 0.6, means 1, 2, 4, 8 s), through the dispatcher's own steps, with eight
workers, in virtual time. One of them becomes five times slower in the middle. Prints how much later all is done than it could be
at best by one who knows everything, and when a task is done, since all of them came at once.`;

const { values: given } = parseArgs({
  options: { seeds: { type: "string", default: "20" }, help: { type: "boolean", default: false } },
});

const workers: readonly RunWorker[] = Array.from({ length: 8 }, (_, n) =>
  n === 0 ? { worker: "w0", speed: 1, slowAtMs: 110_000, slowSpeed: 0.2 } : { worker: `w${n}`, speed: 1 },
);

if (given.help) console.log(help);
else run(Number(given.seeds));

function run(seeds: number): void {
  console.log(
    "| by | median | p99 | within 25 % | done, p50 | done, p99 | moves |\n|---|---|---|---|---|---|---|",
  );
  for (const by of ["roundRobin", "leastLoaded", "powerOfTwo", "skillAndHistory", "pull"] as const) {
    const ratios: number[] = [];
    const done: number[] = [];
    let moves = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const drawn = drawing(seed);
      const tasks = Array.from({ length: 480 }, (_, n) => ({
        id: `t${n}`,
        taskType: `k${n % 4}`,
        durationMs: drawn.logNormal(1_000 * 2 ** (n % 4), 0.6),
      }));
      const result = dispatchRun(tasks, workers, { by });
      ratios.push(result.makespanMs / clairvoyantMs(tasks, workers));
      done.push(...result.doneAtMs);
      moves += result.moves.length / seeds;
    }
    const kept = ratios.filter((ratio) => ratio <= 1.25).length;
    const cells = [
      by,
      `${quantile(ratios, 0.5).toFixed(2)} x`,
      `${quantile(ratios, 0.99).toFixed(2)} x`,
      `${kept} of ${seeds}`,
      `${(quantile(done, 0.5) / 1_000).toFixed(0)} s`,
      `${(quantile(done, 0.99) / 1_000).toFixed(0)} s`,
      moves.toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
