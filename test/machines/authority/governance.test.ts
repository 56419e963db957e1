import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, defineRules, enterpriseData, validateRules } from "../../../machines/authority/index.ts";
import type { DelegationRequest, RoleInput } from "../../../protocols/index.ts";
import { aRole, byRule, hourMs } from "./situations.ts";

const dayMs = 24 * hourMs;

/** The preset with classes of data of our own. */
const rules = defineRules({
  name: "housed",
  rules: enterpriseData.rules.map((rule) => ({ ...rule, tools: ["sql", "search"] })),
  governance: {
    classifications: {
      public: {},
      confidential: {
        purposes: ["analytics"],
        retentionMaxMs: "30_days",
        residency: ["eu", "uk"],
        tools: ["sql"],
      },
    },
  },
});

const good = {
  classification: "confidential",
  purpose: "analytics",
  retentionMs: 30 * dayMs,
  residency: "eu",
} as const;

function decided(
  data: DelegationRequest["data"],
  more: { tools?: string[]; to?: Partial<RoleInput>; rule?: keyof typeof byRule } = {},
) {
  const { request, situation } = byRule[more.rule ?? "architect_to_manager"];
  const to = aRole(situation().to?.authority ?? "", {
    clearance: ["confidential"],
    residency: "eu",
    skills: { code_review: 1 },
    ...more.to,
  });
  return decide(request({ data, tools: more.tools ?? [] }), situation({ to }), rules);
}

describe("governance", () => {
  test("row 17: lets through what fulfils all of it, and says what it found", () => {
    expect(decided(good, { tools: ["sql"] })).toMatchObject({
      ok: true,
      governance: [
        { check: "classification", found: 'crew.bow is cleared for "confidential" data' },
        { check: "purpose", found: 'purpose "analytics"' },
        { check: "retention", found: "kept for 720 h" },
        { check: "residency", found: 'crew.bow keeps its data in "eu"' },
        { check: "tools", found: 'allowed by "confidential" data' },
        { check: "tools", found: 'allowed by rule "architect_to_manager"' },
      ],
    });
  });

  test.each([
    ["no clearance", good, { to: { clearance: [] } }, 'crew.bow is not cleared for "confidential" data'],
    [
      "another clearance",
      good,
      { to: { clearance: ["secret"] } },
      'crew.bow is not cleared for "confidential" data',
    ],
    [
      "an unknown class",
      { ...good, classification: "secret" },
      { to: { clearance: ["secret"] } },
      'no rule says what becomes of "secret" data',
    ],
    [
      "another purpose",
      { ...good, purpose: "ads" },
      {},
      'purpose "ads", and "confidential" data is for analytics',
    ],
    [
      "no purpose",
      { classification: "confidential", retentionMs: 1, residency: "eu" },
      {},
      'no purpose is named, and "confidential" data is for analytics',
    ],
    [
      "too long kept",
      { ...good, retentionMs: 30 * dayMs + 1 },
      {},
      'kept for 720 h 1 ms, and "confidential" data is kept for at most 720 h',
    ],
    [
      "no retention",
      { classification: "confidential", purpose: "analytics" },
      {},
      'no retention is named, and "confidential" data is kept for at most 720 h',
    ],
    [
      "another place",
      good,
      { to: { residency: "uk" } },
      'crew.bow keeps its data in "uk", and this data stays in eu',
    ],
    [
      "a place outside",
      { ...good, residency: "us" },
      { to: { residency: "us" } },
      '"confidential" data stays in eu, uk, and not in "us"',
    ],
    [
      "no place",
      good,
      { to: { residency: undefined } },
      "crew.bow says not where its data stays, and this data stays in eu",
    ],
    [
      "no place named by the data",
      { classification: "confidential", purpose: "analytics", retentionMs: 1 },
      { to: { residency: "us" } },
      'crew.bow keeps its data in "us", and this data stays in eu, uk',
    ],
    ["a tool of the rule's", good, { tools: ["search"] }, '"confidential" data does not allow "search"'],
    [
      "a tool of nobody's",
      { classification: "public" },
      { tools: ["sql", "shell"] },
      'rule "architect_to_manager" does not allow "shell"',
    ],
  ] as const)("row 17: %s is a gate: refused, with the rule's path", (_, data, more, reason) => {
    expect(decided(data, more as never)).toMatchObject({
      ok: false,
      check: "governance",
      reason,
      requiresEscalation: true,
      escalationPath: ["chief_data_officer"],
    });
  });

  test("row 17: a rule that does not require it waives purpose, retention and residency, never clearance and tools", () => {
    const rule = "among_peers";
    const bare = { classification: "confidential" };
    expect(decided(bare, { rule, tools: ["sql"] })).toMatchObject({ ok: true });
    expect(decided(bare, { rule, to: { clearance: [] } })).toMatchObject({ check: "governance" });
    expect(decided(bare, { rule, tools: ["shell"] })).toMatchObject({ check: "governance" });
  });

  test("row 17: gates of the set's own, in CEL, see what is said of the data, whatever is claimed", () => {
    const gated = defineRules({
      name: "gated",
      rules: enterpriseData.rules,
      governance: {
        classifications: { public: {} },
        gates: [
          { name: "home", cel: 'data_residency == "eu" || target_level == "DATA_ARCHITECT"' },
          { name: "simple", cel: "data_complexity < 2.0" },
        ],
      },
    });
    const { request, situation } = byRule.architect_to_manager;
    const claims = { data_complexity: 1, business_impact: "enterprise", data_residency: "eu" };
    const at = (data: DelegationRequest["data"], more: object = {}) =>
      decide(request({ data, claims: { ...claims, ...more } }), situation(), gated);
    const to = { classification: "public", residency: "eu" };
    const { situation: peers, request: review } = byRule.among_peers;
    const european = { ...aRole("PIPELINE_MANAGER"), residency: "eu" };
    expect(decide(request({ data: to, claims }), situation({ to: european }), gated)).toMatchObject({
      ok: true,
      governance: [{}, {}, {}, {}, { check: "home", found: "holds" }, { check: "simple", found: "holds" }],
    });
    expect(at({ classification: "public" })).toMatchObject({
      check: "governance",
      reason: expect.stringMatching(
        /^"data_residency == .* cannot be said: Unknown variable: data_residency$/,
      ),
    });
    expect(
      decide(
        request({ data: to, claims: { ...claims, data_complexity: 2 } }),
        situation({ to: european }),
        gated,
      ),
    ).toMatchObject({ check: "governance", reason: '"data_complexity < 2.0" does not hold' });
    expect(at(undefined)).toMatchObject({ ok: true });
    expect(decide(review({ data: { classification: "public" } }), peers(), gated)).toMatchObject({
      ok: true,
    });
    expect(validateRules({ ...gated, governance: { gates: [{ name: "x", cel: "a.b" }] } })).toEqual({
      ok: false,
      problems: [{ path: ["governance", "gates", 0, "cel"], says: 'a condition in CEL may not use "."' }],
    });
  });

  test("row 17: a confidential dataset and an agent that is not cleared never meet", () => {
    const arbitrary = fc.record({
      rule: fc.constantFrom(...(Object.keys(byRule) as (keyof typeof byRule)[])),
      clearance: fc.subarray(["public", "confidential", "internal"]),
      purpose: fc.option(fc.constantFrom("analytics", "ads"), { nil: undefined }),
      residency: fc.option(fc.constantFrom("eu", "us"), { nil: undefined }),
      at: fc.option(fc.constantFrom("eu", "us"), { nil: undefined }),
      tools: fc.subarray(["sql", "search", "shell"]),
    });
    let met = 0;
    fc.assert(
      fc.property(arbitrary, ({ rule, clearance, purpose, residency, at, tools }) => {
        const data = { classification: "confidential", retentionMs: 1, purpose, residency };
        const decision = decided(data, { rule, tools, to: { clearance, residency: at } });
        if (decision.ok) met++;
        if (decision.ok) expect(clearance).toContain("confidential");
      }),
      { numRuns: 2_000, seed: 17 },
    );
    expect(met).toBeGreaterThan(0);
  });
});
