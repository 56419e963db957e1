import { describe, expect, test } from "vitest";
import { type PlantedBug, plantedBugs } from "./fleet/planted-bugs.ts";
import { optionsOf, type ProveOptions } from "./options.ts";
import { prove, type Report } from "./prove.ts";
import { asText } from "./report.ts";

function run(line: string, changes: Partial<ProveOptions> = {}): Promise<Report> {
  const options = optionsOf(line.split(" ")) as ProveOptions;
  return prove({ ...options, ...changes }, () => {}, new AbortController().signal);
}

const timeout = 240_000;
// Some minutes: COXSWAIN_PROVE=nightly.
const nightly = process.env.COXSWAIN_PROVE === "nightly";

describe("durable agents lose and double nothing, and keep order and time", () => {
  test("whatever becomes of nodes, connections, clocks and the server", { timeout }, async () => {
    const report = await run("--seed 1 --seconds 40 --gap 500,2000");
    expect([...report.findings, ...report.problems], asText(report)).toEqual([]);
    expect(report.faults.length).toBeGreaterThan(10);
  });

  test("when the leader of three servers is killed", { timeout }, async () => {
    const report = await run(
      "--seed 2 --seconds 20 --servers 3 --faults leader,server,kill --scenario counters,transfers",
    );
    expect([...report.findings, ...report.problems], asText(report)).toEqual([]);
    expect(report.faults.map(({ kind }) => kind)).toContain("leader");
  });
});

/** How each is brought to light, and which promises it breaks. */
const runs: Readonly<Record<PlantedBug, readonly [line: string, promises: RegExp]>> = {
  ackFirst: ["--faults kill --seconds 15 --scenario counters", /L/],
  noFencing: [
    "--faults pause,stall,partition --seconds 30 --scenario counters,transfers --gap 500,1500",
    /Z/,
  ],
  marksBehind: ["--faults kill --seconds 15 --scenario counters", /[LD]/],
  forgetsOutbox: ["--faults kill,slow --seconds 30 --scenario transfers --gap 800,1600", /[CL]/],
  timersAnew: ["--faults kill --seconds 30 --scenario timers --gap 7000,9000 --late 2000", /T/],
  freshKeys: ["--faults kill --seconds 15 --scenario calls --gap 500,1500", /D/],
};

describe.runIf(nightly)("a bug that is planted into the nodes is found:", () => {
  test.for(Object.keys(plantedBugs) as PlantedBug[])("%s", { timeout }, async (bug) => {
    const [line, promises] = runs[bug];
    const report = await run(`--seed 11 ${line} --planted ${bug}`, { patienceMs: 20_000 });
    expect(report.findings.map(({ promise }) => promise).join(""), asText(report)).toMatch(promises);
  });
});
