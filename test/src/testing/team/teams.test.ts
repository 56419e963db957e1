import { describe, expect, test } from "vitest";
import { crewMachine, workerMachine } from "../../../../machines/index.ts";
import { work } from "../../../../protocols/index.ts";
import { checkTeam } from "../../../../src/testing/team/index.ts";
import { hastyShop, largerShop, soundShop } from "./coffee-shop.ts";
import { type Bug, jobTeam } from "./job-team.ts";

const report = (
  name: string,
  { states, edges, depth, localSteps, statesPerSecond }: ReturnType<typeof checkTeam>,
) =>
  process.stdout.write(
    `${name}: ${states} states, ${edges} edges, ${depth} deep, of ${localSteps} local steps; ${statesPerSecond} states/s\n`,
  );

describe("a supervisor, two workers and a lossy network", () => {
  test("holds what it promises, with a loss and a crash anywhere", () => {
    const result = checkTeam(jobTeam());
    report("supervisor and workers, folded", result);
    expect(result.verdict, result.story).toBe("holds");
    expect(result.states).toBeGreaterThan(4_000);
  });

  const bugs: readonly (readonly [Bug, string, RegExp, readonly string[]])[] = [
    [
      "no dedupe",
      "each job counts once",
      /supervisor gets finished \{"job":0,"attempt":1\} from worker\.1[\s\S]*supervisor gets finished \{"job":0,"attempt":1\} from worker\.1[\s\S]*"counts":\[2\]/,
      ["worker.1 has waited for 500 ms"],
    ],
    [
      "ack before commit",
      "all jobs counted",
      /tells supervisor accepted \{"job":0,"attempt":1\}, calls store[\s\S]*worker\.1 crashes\.[\s\S]*"counts":\[0\]/,
      ["worker.1 crashes"],
    ],
    [
      "lost revoke",
      "one holder per job",
      /tells worker\.1 revoke[\s\S]*under way: revoke \{"job":0,"attempt":1\} from supervisor to worker\.1/,
      ["supervisor has waited for 1000 ms: late"],
    ],
    [
      "double grant",
      "one holder per job",
      /tells worker\.1 grant \{"job":0,"attempt":1\}[\s\S]*tells worker\.2 grant \{"job":0,"attempt":1\}/,
      [],
    ],
  ];

  test.each(bugs)("the bug %s is found: %s", (bug, name, story, steps) => {
    const result = checkTeam(jobTeam({ bug }));
    expect(result.verdict).toBe("violated");
    expect(result.violation?.name).toBe(name);
    expect(result.story).toMatch(story);
    for (const step of steps) expect(result.violation?.steps).toContain(step);
    expect(result.violation?.steps.length).toBeLessThan(12);
  });

  test("is the same folded and unfolded, in far fewer states", () => {
    for (const bug of [undefined, "no dedupe", "ack before commit", "lost revoke", "double grant"] as const) {
      const folded = checkTeam(jobTeam({ bug }));
      const plain = checkTeam({ ...jobTeam({ bug }), fold: false });
      expect([plain.verdict, plain.violation?.name]).toEqual([folded.verdict, folded.violation?.name]);
      expect(plain.violation?.steps.length).toBe(folded.violation?.steps.length);
      expect([folded.folded, plain.folded]).toEqual([true, false]);
      if (bug === undefined) expect(plain.states / folded.states).toBeGreaterThan(1.9);
    }
  });

  test("three workers fold to a fifth of the states", () => {
    const folded = checkTeam(jobTeam({ workers: 3 }));
    const plain = checkTeam({ ...jobTeam({ workers: 3 }), fold: false });
    report("three workers, folded", folded);
    report("three workers, unfolded", plain);
    expect([folded.verdict, plain.verdict]).toEqual(["holds", "holds"]);
    expect(plain.states / folded.states).toBeGreaterThan(5);
    expect(plain.states / folded.states).toBeLessThanOrEqual(6);
  });
});

describe("the coffee shop", () => {
  test("where guests drink whatever comes is found to serve one twice", () => {
    const { violation, story } = checkTeam(hastyShop);
    expect(violation?.name).toBe("one coffee each");
    expect(story.split("\n")).toEqual([
      '"one coffee each" is broken:',
      "   barista begins.",
      '   guest.1 begins in "thirsty" and tells barista order.',
      '   guest.2 begins in "thirsty" and tells barista order.',
      "1. guest.1 has waited for 60000 ms; it tells barista order.",
      "2. barista gets order from guest.1; it tells guest.1 coffee.",
      '3. guest.1 gets coffee from barista; it is now in "happy".',
      "4. barista gets order from guest.1; it tells guest.1 coffee.",
      "5. guest.1 gets coffee from barista.",
      'In the end: guest.1 is in "happy" and has {"drunk":2}; guest.2 is in "thirsty" and has {"drunk":0}; under way: order from guest.2 to barista.',
    ]);
  });

  test("where a second coffee is handed back is sound", () => {
    const result = checkTeam(soundShop);
    report("coffee shop", result);
    expect(result.verdict, result.story).toBe("holds");
  });
});

test("of a larger shop each state is looked at once, in whatever order its guests came there", () => {
  const result = checkTeam(largerShop);
  report("four guests, folded", result);
  // As many as there were when each way to swap them was tried for each step.
  expect([result.verdict, result.states, result.edges]).toEqual(["holds", 12_737, 89_298]);
});

describe("our own crew of workers", () => {
  const crew = (machine: typeof crewMachine) =>
    checkTeam({
      members: {
        crew: {
          machine,
          protocol: work,
          input: ({ addressesOf }) => ({ workers: addressesOf("worker") }),
        },
        worker: {
          machine: workerMachine,
          protocol: work,
          count: 2,
          symmetric: true,
          calls: { perform: { done: ["result"], error: ["no luck"] } },
        },
      },
      channels: { lossesMax: 1, inFlightMax: 5 },
      faults: { worker: { crashesMax: 1 } },
      events: [{ to: "crew", message: { type: "work", task: "sail" }, ask: true, timesMax: 3 }],
      history: {
        init: 0,
        next: (answers: number, { kind, by }) =>
          answers + (by === "crew" && (kind === "replied" || kind === "refused") ? 1 : 0),
      },
      safe: {
        "one answer a question": ({ history }) => history <= 3,
        "nobody is idle twice": ({
          members: {
            crew: { context },
          },
        }) => new Set(context.idle).size === context.idle.length,
      },
      reachable: { "all are answered": ({ history }) => history === 3 },
    });

  test("answers each question once, with a loss and a crash anywhere", () => {
    const result = crew(crewMachine);
    report("crew of two, three questions", result);
    expect(result.verdict, result.story).toBe("holds");
  });

  test("that forgets to free its workers is found", () => {
    const mutant = crewMachine.provide({ actions: { freeWorker: () => {} } }) as typeof crewMachine;
    expect(crew(mutant).verdict).toBe("violated");
  });
});
