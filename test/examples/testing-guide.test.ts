import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { forgetfulLedger, hastyLedger, ledger } from "../../examples/testing-guide/ledger.ts";
import { billing, work } from "../../examples/testing-guide/protocols.ts";
import { shop } from "../../examples/testing-guide/simulation.ts";
import { forgetfulTeam, hastyTeam, team } from "../../examples/testing-guide/team.ts";
import { worker } from "../../examples/testing-guide/worker.ts";
import {
  checkTeam,
  coverageOf,
  coverageText,
  pathsOf,
  replayTeam,
  SimulationFailure,
  simulateSeeds,
} from "../../src/testing/index.ts";
import { exampleFile } from "../support/cli.ts";
import { serverBinary } from "../support/nats-server.ts";

const folder = exampleFile("testing-guide");
const guide = await readFile(join(folder, "README.md"), "utf8");
const files = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
const blocks = [...guide.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = "", title = "", text = ""]) => ({ language, title, text }),
);

/** A file of the guide, or a region of it with its indentation taken off. */
async function sourceOf(title: string): Promise<string> {
  const [name = "", region] = title.split("#");
  const text = await readFile(join(folder, name), "utf8");
  if (region === undefined) return text;
  const [, indent = "", body] =
    new RegExp(`^( *)// #region ${region}\\n([\\s\\S]*?)^ *// #endregion$`, "m").exec(text) ?? [];
  expect(body, `${name} has a region ${region}`).toBeDefined();
  return (body ?? "").replaceAll(new RegExp(`^${indent}`, "gm"), "");
}

describe("the testing guide", () => {
  test.each(blocks.filter(({ language }) => language === "ts"))(
    "shows $title as it is",
    async ({ title, text }) => {
      expect(text).toBe(await sourceOf(title));
    },
  );

  test("prints what the kit prints", () => {
    const paths = pathsOf(worker, { protocol: work, input: { job: "a" } });
    const first = paths.slice(0, 1);
    const printed = {
      paths: paths.map(({ name }) => name).join("\n"),
      coverage: coverageText(coverageOf(worker).add(...paths)),
      "coverage of one path": coverageText(coverageOf(worker).add(...first)),
      "story of the hasty ledger": checkTeam(hastyTeam).story,
      "story of the forgetful ledger": checkTeam(forgetfulTeam).story,
      "the team holds": checkTeam(team).story,
    };
    const shown = blocks.filter(({ language }) => language === "text");
    expect(Object.fromEntries(shown.map(({ title, text }) => [title, text.trimEnd()]))).toEqual(printed);
    for (const { states } of [checkTeam(hastyTeam), checkTeam(forgetfulTeam)])
      expect(guide).toContain(`fter ${states} states`);
  });

  test("names each of its files, and all its tests are run here", async () => {
    const here = await readFile(new URL(import.meta.url), "utf8");
    for (const file of files) expect(guide, file).toContain(file);
    for (const file of files.filter((name) => name.endsWith(".test.ts")))
      expect(here).toContain(`await import("../../examples/testing-guide/${file}")`);
    expect(blocks.every(({ language }) => language === "ts" || language === "text")).toBe(true);
  });

  test("begins with a machine of ten lines, and tests it in five", async () => {
    expect((await sourceOf("worker.ts#machine")).trimEnd().split("\n")).toHaveLength(10);
    expect(
      (await sourceOf("worker.test.ts"))
        .trimEnd()
        .split("\n")
        .filter((line) => line !== ""),
    ).toHaveLength(5);
  });
});

describe("what the testing guide says", () => {
  test("the test of the story is the kit's, fails with the hasty ledger, and passes with the forgetful one", async () => {
    const { toTest, violation } = checkTeam(hastyTeam);
    const kept = await readFile(join(folder, "charged-once.test.ts"), "utf8");
    const isNote = (line: string): boolean => /^\/\/ (biome-ignore|#region|#endregion)/.test(line);
    const lines = kept.split("\n").filter((line) => !isNote(line));
    expect(lines.join("\n")).toBe(toTest({ from: "./team.ts" }));
    const brokenIn = (options: typeof team): readonly string[] => {
      const replay = replayTeam(options);
      for (const step of violation?.steps ?? []) replay.step(step);
      return replay.broken();
    };
    expect(brokenIn(hastyTeam)).toEqual(["each job is charged once"]);
    expect(brokenIn(forgetfulTeam)).toEqual([]);
  });

  test("the ways through the worker can be gone as an actor too, and the hasty ledger's own paths pass", async () => {
    for (const way of pathsOf(worker, { protocol: work, input: { job: "a" } }))
      await way.run({ on: "memory" });
    const paths = pathsOf(hastyLedger, { protocol: billing });
    expect(coverageOf(hastyLedger).add(...paths).figures.transitions.share).toBe(1);
    for (const path of paths) await path.run();
  });

  test("where no message is late, the story is the one of a lost answer, in six steps", () => {
    const { violation } = checkTeam({ ...hastyTeam, channels: { lossesMax: 1, delaysMax: 0 } });
    expect(violation?.sentences).toHaveLength(6);
    expect(violation?.steps).toContain('the network loses charged {"job":"b"} from ledger to ben');
    expect(violation?.steps).toContain("ben has waited for 5000 ms");
  });

  test.each([
    ["hasty", hastyLedger],
    ["forgetful", forgetfulLedger],
  ])("the %s ledger breaks its promise in one of the first ten seeds", async (_, machine) => {
    const seeds = Array.from({ length: 10 }, (_, n) => n + 1);
    const options = {
      seeds,
      nodes: ["office", "anna", "ben"],
      faults: { most: { partition: 4, reset: 4 } },
      untilMs: 60_000,
      command: "npx vitest run",
      replay: undefined,
    };
    await expect(simulateSeeds({ ...options, scenario: () => shop(machine) })).rejects.toThrow(
      SimulationFailure,
    );
    const { results } = await simulateSeeds({ ...options, scenario: () => shop(ledger) });
    expect(results).toHaveLength(10);
  });
});

// The server it starts is the one of all tests.
vi.stubEnv("NATS_SERVER_BIN", (await serverBinary("2.10.27")).path);
vi.stubEnv("NATS_URL", undefined);
await import("../../examples/testing-guide/charged-once.test.ts");
await import("../../examples/testing-guide/coverage.test.ts");
await import("../../examples/testing-guide/probes.test.ts");
await import("../../examples/testing-guide/proxy.test.ts");
await import("../../examples/testing-guide/simulation.test.ts");
await import("../../examples/testing-guide/team.test.ts");
await import("../../examples/testing-guide/worker.test.ts");
