import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "../src/server/index.ts";
import { machineFacts } from "./kit/machine.ts";
import { type MeasuredCase, measure } from "./kit/measure.ts";
import { asMarkdown, asText, missed, type Results } from "./kit/report.ts";
import type { SideSpec } from "./kit/start-side.ts";
import { workloads } from "./workloads/index.ts";

const help = `npm run bench -- [options]

Measures coxswain against its raw parts (nats.js, XState), peers (moleculer, nact, Restate) and Erlang/OTP, on this machine, in
turns: each side once a round, A B C A B C, each in processes of its own. Ratios are taken round by round.

  --only W1,W2   these workloads: ${workloads.map(({ id, title }) => `${id} ${title}`).join("; ")}
  --rounds N     rounds of each case (default 5)
  --quick        few messages and one round: shows that all of it runs, says nothing about speed
  --markdown     print the tables as Markdown
  --last         measure nothing, print the results of the last run
  --help         this

Results are written to bench/results.json. Peers are installed into bench/peers when they are missing.`;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const resultsFile = here("results.json");

const { values: given } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    last: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (given.help) console.log(help);
else if (given.last) print(JSON.parse(readFileSync(resultsFile, "utf8")) as Results);
else await run();

async function run(): Promise<void> {
  const only = given.only?.toUpperCase().split(",");
  const chosen = workloads.filter(({ id }) => only === undefined || only.includes(id));
  const rounds = Number(given.rounds ?? (given.quick ? 1 : 5));
  if (chosen.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
    console.error(help);
    process.exitCode = 2;
    return;
  }
  const peers = installPeers();
  const missing = missingPrograms(chosen.flatMap(({ sides }) => sides));
  await using server = await startServer();
  const cases: MeasuredCase[] = [];
  for (const workload of chosen) {
    // A server of its own, that what one leaves in the store is in no other's way.
    await using own = workload.sync === undefined ? undefined : await startServer({ sync: workload.sync });
    const { url, pid: serverPid, sync } = own ?? server;
    const options = { url, serverPid, sync, quick: given.quick, rounds, peers, missing, onProgress };
    cases.push(...(await measure(workload, options)));
  }
  const results: Results = { machine: machineFacts(server.version), quick: given.quick, cases };
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  onProgress("");
  print(results);
}

function print(results: Results): void {
  console.log(given.markdown ? asMarkdown(results) : asText(results));
  const wanting = missed(results);
  if (wanting.length > 0)
    console.log(`\nBelow what is wanted:\n${wanting.map((line) => `  ${line}`).join("\n")}`);
}

/** @returns whether they are there */
function installPeers(): boolean {
  const wanted = ["moleculer", "nact", "@restatedev/restate-server"];
  if (wanted.every((name) => existsSync(here(`peers/node_modules/${name}`)))) return true;
  onProgress("installing the peers into bench/peers");
  try {
    execFileSync("npm", ["ci", "--prefix", here("peers"), "--no-audit", "--no-fund", "--loglevel", "error"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    return true;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const why = stderr?.toString().trim().split("\n")[0] ?? String(error);
    console.error(`The peers could not be installed, so they are left out: ${why}`);
    return false;
  }
}

/** Programs that sides need and this machine has not. */
function missingPrograms(sides: readonly SideSpec[]): ReadonlySet<string> {
  const missing = new Set<string>();
  for (const { name, program } of sides) {
    if (program === undefined || missing.has(program)) continue;
    const folders = (process.env.PATH ?? "").split(delimiter);
    if (folders.some((folder) => existsSync(join(folder, program)))) continue;
    missing.add(program);
    console.error(`${program} is not installed, so ${name} is left out`);
  }
  return missing;
}

/** One line that is written over, where somebody looks at it. */
function onProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}
