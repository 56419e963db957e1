import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { solveAssignment } from "../machines/balancing/index.ts";
import { gapProblems } from "./kit/gap-problems.ts";

const help = `node bench/gap.ts [--ms 1000] [--data FOLDER] [--seed 1]

Solves OR-Library's generalized assignment problems, so long each, and prints how far from the optimum each file is on average.`;

const { values: given } = parseArgs({
  options: {
    ms: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    data: { type: "string", default: fileURLToPath(new URL("../../shared/data/gap", import.meta.url)) },
    help: { type: "boolean", default: false },
  },
});

if (given.help) console.log(help);
else if (!existsSync(given.data))
  console.error(`No folder ${given.data}: say where the tables are with --data`);
else run(given.data, Number(given.ms), Number(given.seed));

function run(folder: string, ms: number, seed: number): void {
  const problems = gapProblems((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const files = new Map<string, { gap: number; feasible: boolean; optimal: boolean }[]>();
  for (const { file, sense, optimum, problem } of problems) {
    const untilMs = performance.now() + ms;
    const isOver = (): boolean => performance.now() >= untilMs;
    const { cost, feasible } = solveAssignment(problem, {
      seed,
      isOver,
      roundsMax: Number.POSITIVE_INFINITY,
    });
    const found = sense === "max" ? -cost : cost;
    const gap = Math.abs(found - optimum) / optimum;
    files.set(file, [...(files.get(file) ?? []), { gap, feasible, optimal: found === optimum }]);
  }
  console.log("| file | problems | feasible | optimal | mean gap | worst gap |\n|---|---|---|---|---|---|");
  for (const [file, rows] of files) line(file, rows);
  line("all", [...files.values()].flat());
}

function line(name: string, rows: readonly { gap: number; feasible: boolean; optimal: boolean }[]): void {
  const gaps = rows.filter(({ feasible }) => feasible).map(({ gap }) => gap);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const cells = [
    name,
    rows.length,
    rows.filter(({ feasible }) => feasible).length,
    rows.filter(({ optimal }) => optimal).length,
    `${(mean * 100).toFixed(3)} %`,
    `${(Math.max(...gaps) * 100).toFixed(3)} %`,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
