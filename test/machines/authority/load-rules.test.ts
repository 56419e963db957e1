import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import {
  defineRule,
  defineRules,
  enterpriseData,
  hashOf,
  loadRules,
  presetLevels,
  validateRules,
} from "../../../machines/authority/index.ts";
import { isCoxswainError } from "../../../protocols/index.ts";

async function problemsOf(build: () => unknown): Promise<readonly string[]> {
  try {
    await build();
  } catch (error) {
    if (isCoxswainError(error, "OPTION_INVALID")) return error.details.problems as string[];
    throw error;
  }
  throw new Error("Expected a refusal");
}

const good = `# Who may do what in the galley.
name: galley
rules:
  - name: cook_to_help
    from: STAGE_COORDINATOR
    to: PIPELINE_COLLABORATOR
    tasks: [peel, wash]
    conditions:
      potatoes: "<= 20"
      hurry: true
    cel: potatoes > 0.0
    limits:
      cpu: 2
      memory: 512_MB
      storage: 1_TB
      bandwidth: 1_Gbps
      time: 2_hours
governance:
  classifications:
    recipes:
      retentionMaxMs: 30_days
`;

describe("a rule set in YAML", () => {
  test("row 3: is the same set as one written in TypeScript, in canonical units, with the defaults", async () => {
    const loaded = await loadRules(good, "galley.yaml");
    expect(loaded).toMatchObject({
      name: "galley",
      levels: presetLevels,
      escalationPath: ["stage_coordinator", "pipeline_manager"],
      governance: { classifications: { recipes: { retentionMaxMs: 30 * 86_400_000 } } },
    });
    expect(loaded.rules[0]).toEqual({
      name: "cook_to_help",
      from: "STAGE_COORDINATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["peel", "wash"],
      conditions: { potatoes: "<= 20", hurry: true },
      cel: "potatoes > 0.0",
      limits: { cpu: 2, memory: 0.512, storage: 1_000, bandwidth: 1_000, time: 7_200_000 },
      approvalRequired: false,
      escalationPath: [],
      dataGovernanceRequired: true,
      qualityValidationRequired: true,
    });
  });

  test("row 3: the preset can be written down, read again, and is the same to the byte", async () => {
    expect(defineRules(enterpriseData)).toEqual(enterpriseData);
    expect(hashOf(await loadRules(stringify(enterpriseData), "preset.yaml"))).toBe(hashOf(enterpriseData));
    expect(hashOf(await loadRules(JSON.stringify(enterpriseData), "preset.json"))).toBe(
      hashOf(enterpriseData),
    );
  });

  test.each([
    ["memory: 512_MB", "memmory: 512_MB", 'galley.yaml:14:7: unknown key "memmory"'],
    ["    tasks:", "    task: x\n    tasks:", 'galley.yaml:7:5: unknown key "task"'],
    ["governance:", "goverance:", 'galley.yaml:18:1: unknown key "goverance"'],
    ["memory: 512_MB", "memory: 512_firkin", 'galley.yaml:14:7: unknown unit "firkin"'],
    [
      "memory: 512_MB",
      "memory: 5_hours",
      'galley.yaml:14:7: "5_hours" is no amount of memory, which is counted in GB',
    ],
    ["cpu: 2", "cpu: -2", "galley.yaml:13:7: expected no less than 0, got -2"],
    ["cpu: 2", "cpu: many", 'galley.yaml:13:7: expected an amount such as "20_cores", got "many"'],
    ["30_days", "30_moons", 'galley.yaml:21:7: unknown unit "moons"'],
    ['"<= 20"', '"<= 20_moons"', 'galley.yaml:9:7: unknown unit "moons"'],
    ['"<= 20"', '"<= many"', 'galley.yaml:9:7: "<=" compares numbers, and "many" is none'],
    ["potatoes > 0.0", "potatoes.peeled()", 'galley.yaml:11:5: a condition in CEL may not use "peeled"'],
    ["to: PIPELINE_COLLABORATOR", "to: COOK", 'galley.yaml:6:5: unknown level "COOK"'],
    [
      "to: PIPELINE_COLLABORATOR",
      "to: DATA_ARCHITECT",
      "galley.yaml:6:5: DATA_ARCHITECT is not STAGE_COORDINATOR, nor below it",
    ],
    [
      "    from: STAGE_COORDINATOR\n",
      "",
      "galley.yaml:4:5: Invalid input: expected string, received undefined",
    ],
    ["hurry: true", "hurry: true\n      hurry: false", "galley.yaml:11:7: Map keys must be unique"],
    ["hurry: true", "__proto__: true", 'galley.yaml:10:7: unknown key "__proto__"'],
    ["hurry: true", "hurry: !!js/function x", "galley.yaml:10:14: Unresolved tag"],
    ["hurry: true", "hurry: [true", "galley.yaml:11:5:"],
    ["name: galley", "name: [galley", "galley.yaml:3:1:"],
  ])("row 3: with %j as %j does not load, and says where", async (from, to, problem) => {
    const problems = await problemsOf(() => loadRules(good.replace(from, to), "galley.yaml"));
    expect(problems[0]).toContain(problem);
  });

  test("that would grow beyond measure when its aliases are followed is refused", async () => {
    const lines = ["a0: &a0 [x]"];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    const problems = await problemsOf(() => loadRules(lines.join("\n"), "bomb.yaml"));
    expect(problems[0]).toContain("alias");
  });
});

describe("of whatever text", () => {
  test("row 3: a rule set is made, or it is refused with the file's name: nothing else is thrown, nothing runs", async () => {
    const trap = globalThis as { ran?: boolean };
    const lines = good.split("\n");
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom(
        "&a",
        "*a",
        "!!js/function 'globalThis.ran = true'",
        "? ",
        "- ",
        "{",
        "[",
        "<<: ",
        "|",
        "%",
        "\t",
      ),
      fc.constantFrom(
        "__proto__: 1",
        "constructor: 1",
        "name: x",
        "rules: *a",
        "limits: {cpu: .nan}",
        "cpu: .inf",
      ),
    );
    const change = fc.record({
      at: fc.nat(lines.length - 1),
      with: fc.array(piece, { maxLength: 3 }),
      keep: fc.boolean(),
    });
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), async (changes) => {
        const text = [...lines];
        for (const { at, with: pieces, keep } of changes)
          text[at] = `${keep ? text[at] : ""}${pieces.join("")}`;
        try {
          const set = await loadRules(text.join("\n"), "any.yaml");
          expect(hashOf(defineRules(set))).toBe(hashOf(set));
          loaded++;
        } catch (error) {
          if (!isCoxswainError(error, "OPTION_INVALID")) throw error;
          expect(error.message).toContain("any.yaml");
        }
      }),
      { numRuns: 500 },
    );
    expect(loaded).toBeGreaterThan(0);
    expect(trap.ran).toBeUndefined();
  });

  test.each([["&a [*a]"], ["&a {name: *a}"], ["name: x\nrules: &a [*a, *a, *a, *a, *a]"]])(
    "row 3: %j, which contains itself, is refused",
    async (text) => {
      const problems = await problemsOf(() => loadRules(text, "loop.yaml"));
      expect(problems[0]).toContain("loop.yaml");
    },
  );
});

describe("a rule set", () => {
  const rule = { name: "r", from: "DATA_ARCHITECT", to: "PIPELINE_MANAGER", tasks: ["*"] };

  test("row 3: a rule with an unknown key or unit cannot be defined", async () => {
    expect(await problemsOf(() => defineRule({ ...rule, limit: {} } as never))).toEqual([
      'limit: unknown key "limit"',
    ]);
    expect(await problemsOf(() => defineRule({ ...rule, limits: { cpu: "2_horses" } }))).toEqual([
      'limits.cpu: unknown unit "horses"',
    ]);
    expect(defineRule({ ...rule, limits: { time: "1_week" } }).limits).toEqual({ time: 604_800_000 });
  });

  test("row 1: its levels are an order: whatever stands above itself, or over nobody known, is refused", async () => {
    const set = (levels: Record<string, { over?: string[]; may?: string[] }>) => () =>
      defineRules({ name: "s", levels, rules: [] });
    expect(await problemsOf(set({ a: { over: ["b"] }, b: { over: ["c"] }, c: { over: ["a"] } }))).toEqual([
      "levels.a.over: a stands above itself",
      "levels.b.over: b stands above itself",
      "levels.c.over: c stands above itself",
    ]);
    expect(await problemsOf(set({ a: { over: ["a"] } }))).toEqual(["levels.a.over: a stands above itself"]);
    expect(await problemsOf(set({ a: { over: ["z"], may: ["fly"] } }))).toEqual([
      'levels.a.over.0: unknown level "z"',
      'levels.a.may.0: unknown operation "fly"',
    ]);
  });

  test("has no two rules of one name, and none that hands authority up or across", async () => {
    const problems = await problemsOf(() =>
      defineRules({ name: "s", rules: [rule, { ...rule, to: "DATA_ARCHITECT", from: "PIPELINE_MANAGER" }] }),
    );
    expect(problems).toEqual([
      "rules.1.to: DATA_ARCHITECT is not PIPELINE_MANAGER, nor below it",
      'rules.1.name: two rules have the name "r"',
    ]);
    const levels = { head: { over: ["left", "right"] }, left: {}, right: {} };
    expect(
      await problemsOf(() =>
        defineRules({ name: "s", levels, rules: [{ ...rule, from: "left", to: "right" }] }),
      ),
    ).toEqual(["rules.0.to: right is not left, nor below it"]);
  });

  test("of any data is judged without a throw", () => {
    for (const given of [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { name: 1, rules: {} },
      { name: "s", rules: [null] },
    ])
      expect(validateRules(given).ok, JSON.stringify(given)).toBe(false);
    expect(validateRules(JSON.parse('{"name":"s","rules":[],"__proto__":{"levels":{}}}')).ok).toBe(false);
    expect(validateRules({ name: "s", rules: [] }).ok).toBe(true);
  });
});
