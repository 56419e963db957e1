import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, defineRules, enterpriseData } from "../../../machines/authority/index.ts";
import type { ActorAddress, Decision, Fact, Refused, ResourceName } from "../../../protocols/index.ts";
import { decision as decisionSchema } from "../../../protocols/index.ts";
import { aRole, aSituation, byRule, crew, hourMs, nowMs } from "./situations.ts";

function refused(decision: Decision): Refused {
  if (decision.ok) throw new Error(`Expected a refusal, ${decision.rule} allows it`);
  return decision;
}

const outcome = (decision: Decision) => (decision.ok ? decision.rule : decision.check);
const preset = { ...byRule.architect_to_manager };

describe("an accepted delegation", () => {
  test.each(Object.entries(byRule))(
    "rows 4 to 7, 18: by %s says all that follows",
    (name, { request, situation }) => {
      const decision = decide(request(), situation(), enterpriseData);
      const peers = name === "among_peers";
      expect(decision).toEqual({
        ok: true,
        rule: name,
        rulesVersion: 7,
        workloadImpact: { before: 2, after: 3, capacity: 10, utilisation: 0.3 },
        governance: [{ check: "classification", found: "no data is named" }],
        approval: { required: name === "manager_to_coordinator" },
        monitoringRequired: false,
        qualityValidationRequired: !peers,
        limits: {
          architect_to_manager: { cpu: 100, memory: 500, storage: 10_000, bandwidth: 1_000 },
          manager_to_coordinator: { cpu: 50, memory: 200, storage: 5_000, bandwidth: 500 },
          coordinator_to_collaborator: { cpu: 20, memory: 100, storage: 2_000, bandwidth: 200 },
          among_peers: { cpu: 5, memory: 20, time: 2 * hourMs },
        }[name],
      });
    },
  );

  test("row 18: is watched from critical on, and where it fills its target beyond four fifths", () => {
    const watched = (priority: number, inFlight: number) => {
      const load = { capacity: 10, inFlight, held: {}, throughput: 0, oldestMs: 0 };
      const decision = decide(preset.request({ priority }), preset.situation({ load }), enterpriseData);
      return decision.ok && decision.monitoringRequired;
    };
    expect([watched(3, 0), watched(4, 0), watched(5, 0)]).toEqual([false, true, true]);
    expect([watched(1, 7), watched(1, 8)]).toEqual([false, true]);
  });
});

describe("row 4: from architect to manager", () => {
  test.each([
    [0.79, "data_complexity is 0.79, and must be >= 0.8"],
    [0.8, undefined],
    [0.81, undefined],
    [Number.NaN, "data_complexity is NaN, no finite number, and must be >= 0.8"],
    ["0.9", 'data_complexity is "0.9", no number, and must be >= 0.8'],
    [undefined, "data_complexity is not known, and must be >= 0.8"],
  ])("a complexity of %s: %s", (data_complexity, failed) => {
    const claims: Record<string, Fact> = { business_impact: "enterprise" };
    const request = preset.request({ claims });
    if (data_complexity !== undefined) request.claims.data_complexity = data_complexity;
    const decision = decide(request, preset.situation(), enterpriseData);
    if (failed === undefined) expect(outcome(decision)).toBe("architect_to_manager");
    else expect(refused(decision)).toMatchObject({ check: "rule", nearest: [{ failed }, {}, {}] });
  });

  test("an impact below the enterprise is not enough", () => {
    const claims = { data_complexity: 1, business_impact: "division" };
    const decision = refused(decide(preset.request({ claims }), preset.situation(), enterpriseData));
    expect(decision.nearest[0]?.failed).toBe('business_impact is "division", and must be enterprise');
  });
});

describe("row 5: from manager to coordinator", () => {
  const { request, situation } = byRule.manager_to_coordinator;

  test.each([
    [24 * hourMs, undefined],
    [24 * hourMs + 1_000, "sla_deadline is 24 h 1 s, and must be <= 24_hours"],
    [undefined, "sla_deadline is not known, and must be <= 24_hours"],
  ])("a deadline in %s ms: %s", (inMs, failed) => {
    const asked = request();
    if (inMs === undefined) delete asked.deadlineMs;
    else asked.deadlineMs = nowMs + inMs;
    const decision = decide(asked, situation(), enterpriseData);
    if (failed === undefined) expect(decision).toMatchObject({ ok: true, approval: { required: true } });
    else expect(refused(decision).nearest[0]).toEqual({ rule: "manager_to_coordinator", failed });
  });

  test("a deadline that is only claimed does not count", () => {
    const claims = { pipeline_scope: true, sla_deadline: "1_hour" };
    const late = request({ claims, deadlineMs: nowMs + 25 * hourMs });
    const endless = request({ claims, deadlineMs: undefined });
    for (const asked of [late, endless])
      expect(refused(decide(asked, situation(), enterpriseData)).check).toBe("rule");
  });

  test.each([[false], ["yes"], [1]])("a pipeline scope of %j is none", (pipeline_scope) => {
    const asked = request({ claims: { pipeline_scope } });
    expect(outcome(decide(asked, situation(), enterpriseData))).toBe("rule");
  });
});

describe("row 6: from coordinator to collaborator", () => {
  const { request, situation } = byRule.coordinator_to_collaborator;

  test.each([
    [true, 0.85, "coordinator_to_collaborator"],
    [true, 0.86, "coordinator_to_collaborator"],
    [true, 0.849, "rule"],
    [true, Number.NaN, "rule"],
    [false, 0.85, "rule"],
    [false, 0.5, "rule"],
  ])("a stage scope of %s with a quality of %s: %s", (stage_scope, data_quality_threshold, expected) => {
    const asked = request();
    asked.claims = { stage_scope, data_quality_threshold };
    expect(outcome(decide(asked, situation(), enterpriseData))).toBe(expected);
  });
});

describe("row 7: among peers", () => {
  const { request, situation } = byRule.among_peers;
  const load = { capacity: 10, inFlight: 9, held: {}, throughput: 0, oldestMs: 0 };

  test("a lie about the target's workload is overruled by the tracker", () => {
    const lie = request({ claims: { data_workload: 0.1, expertise_match: 1, peer_level: true } });
    const decision = refused(decide(lie, situation({ load }), enterpriseData));
    expect(decision.nearest[0]?.failed).toBe("data_workload is 0.9, and must be <= 0.8");
  });

  test("what was measured overrules what follows from the load, too", () => {
    const decision = refused(
      decide(request(), situation({ measured: { data_workload: 0.81 } }), enterpriseData),
    );
    expect(decision.nearest[0]?.failed).toBe("data_workload is 0.81, and must be <= 0.8");
  });

  test.each([
    [8, 0.7, "among_peers"],
    [9, 0.7, "rule"],
    [8, 0.69, "rule"],
    [8, undefined, "rule"],
  ])("%i of ten places taken and a skill of %s: %s", (inFlight, skill, expected) => {
    const skills = skill === undefined ? {} : { code_review: skill };
    const to = aRole("PIPELINE_COLLABORATOR", { skills });
    const at = situation({ to, load: { ...load, inFlight } });
    expect(outcome(decide(request({ claims: { expertise_match: 1 } }), at, enterpriseData))).toBe(expected);
  });
});

describe("a refused delegation", () => {
  const { request, situation } = byRule.manager_to_coordinator;
  const nobodyUp = ["stage_coordinator", "pipeline_manager"];

  test.each([
    ["an unknown delegator", { from: undefined }, "The roster knows nobody at crew.boss"],
    ["an unknown target", { to: undefined }, "The roster knows nobody at crew.bow"],
    [
      "an unknown level",
      { from: aRole("KING") },
      'crew.boss has the level "KING", which the rules do not know',
    ],
    [
      "a level that may not delegate",
      { from: aRole("DATA_PROCESSOR") },
      "crew.boss is DATA_PROCESSOR, which may execute, and not delegate",
    ],
    [
      "a target higher up",
      { to: aRole("DATA_ARCHITECT") },
      "crew.bow is DATA_ARCHITECT, which is not below PIPELINE_MANAGER, the level of crew.boss",
    ],
  ])("row 13: %s is refused by authority, and goes up", (_, more, reason) => {
    expect(decide(request(), situation(more), enterpriseData)).toEqual({
      ok: false,
      check: "authority",
      reason,
      requiresEscalation: true,
      escalationPath: nobodyUp,
      alternatives: [],
      violations: [],
      nearest: [],
    });
  });

  test("row 14: without a rule says in one line which came nearest and why, and whom to ask", () => {
    const late = request({ deadlineMs: nowMs + 24 * hourMs + 1_000 });
    expect(decide(late, situation(), enterpriseData)).toEqual({
      ok: false,
      check: "rule",
      reason:
        'No rule lets crew.boss (PIPELINE_MANAGER) delegate "etl_orchestration" to crew.bow (STAGE_COORDINATOR): in "manager_to_coordinator", sla_deadline is 24 h 1 s, and must be <= 24_hours',
      requiresEscalation: true,
      escalationPath: nobodyUp,
      alternatives: [],
      violations: [],
      nearest: [
        { rule: "manager_to_coordinator", failed: "sla_deadline is 24 h 1 s, and must be <= 24_hours" },
        { rule: "architect_to_manager", failed: "the delegator is DATA_ARCHITECT, not PIPELINE_MANAGER" },
        {
          rule: "coordinator_to_collaborator",
          failed: "the delegator is STAGE_COORDINATOR, not PIPELINE_MANAGER",
        },
      ],
    });
  });

  test("row 15: for want of a place lists those who have one, and does not go up", () => {
    const load = { capacity: 10, inFlight: 10, held: {}, throughput: 0, oldestMs: 0 };
    const [full, free] = ["crew.full", "crew.free"] as ActorAddress[] as [ActorAddress, ActorAddress];
    const alternatives = [
      { address: crew, free: 1, fit: 1 },
      { address: full, free: 0, fit: 1 },
      { address: free, free: 2, fit: 0.5 },
    ];
    expect(decide(request(), situation({ load, alternatives }), enterpriseData)).toMatchObject({
      check: "capacity",
      reason: "crew.bow has 10 of its 10 places taken",
      requiresEscalation: false,
      escalationPath: [],
      alternatives: [{ address: "crew.free", free: 2, fit: 0.5 }],
    });
  });

  test.each([
    ["cpu", "architect_to_manager", 100, "cores"],
    ["memory", "architect_to_manager", 500, "GB"],
    ["storage", "architect_to_manager", 10_000, "GB"],
    ["bandwidth", "architect_to_manager", 1_000, "Mbit/s"],
    ["time", "among_peers", 2 * hourMs, "ms"],
  ] as const)("row 16: beyond the limit of %s alone (%s: %i %s)", (resource, rule, limit, unit) => {
    const { request, situation } = byRule[rule];
    const asking = (amount: number) =>
      decide(request({ resources: { [resource]: amount } }), situation(), enterpriseData);
    expect(outcome(asking(limit))).toBe(rule);
    expect(asking(limit + 1)).toMatchObject({
      check: "limits",
      requiresEscalation: true,
      escalationPath: rule === "among_peers" ? ["stage_coordinator"] : ["chief_data_officer"],
      violations: [{ resource, requested: limit + 1, remaining: limit, unit }],
    });
  });

  test("row 16: what the target holds already counts, but not for time, and all that is too much is listed", () => {
    const { request, situation } = byRule.among_peers;
    const held = { cpu: 3, memory: 20, time: 2 * hourMs };
    const at = situation({ load: { capacity: 10, inFlight: 2, held, throughput: 0, oldestMs: 0 } });
    const asking = (resources: Partial<Record<ResourceName, number>>) =>
      decide(request({ resources }), at, enterpriseData);
    expect(outcome(asking({ cpu: 2, time: 2 * hourMs }))).toBe("among_peers");
    const decision = refused(asking({ cpu: 2.5, memory: 1, storage: 1e9 }));
    expect(decision.violations.map(({ resource, remaining }) => [resource, remaining])).toEqual([
      ["cpu", 2],
      ["memory", 0],
    ]);
    expect(decision.reason).toBe(
      'Rule "among_peers" does not allow 2.5 cores of cpu where 2 cores are left, nor 1 GB of memory where 0 GB are left',
    );
  });

  test("row 16: an amount that is no number is within no limit", () => {
    const asked = preset.request();
    asked.resources = { cpu: Number.NaN };
    expect(outcome(decide(asked, preset.situation(), enterpriseData))).toBe("limits");
  });

  test("fails at the first check that does, in their order", () => {
    const full = { capacity: 1, inFlight: 1, held: {}, throughput: 0, oldestMs: 0 };
    const data = { classification: "confidential" };
    const wrong = [
      [{}, {}],
      [{ data }, {}],
      [{ data, resources: { cpu: 51 } }, {}],
      [{ data, resources: { cpu: 51 } }, { load: full }],
      [{ data, resources: { cpu: 51 }, claims: {} }, { load: full }],
      [
        { data, resources: { cpu: 51 }, claims: {} },
        { load: full, from: undefined },
      ],
    ] as const;
    expect(
      wrong.map(([asked, at]) => outcome(decide(request(asked), situation(at), enterpriseData))),
    ).toEqual(["manager_to_coordinator", "governance", "limits", "capacity", "rule", "authority"]);
  });
});

describe("of several rules that apply", () => {
  const common = { from: "PIPELINE_MANAGER", to: "STAGE_COORDINATOR" };
  const winner = (
    ...rules: { name: string; tasks: string[]; conditions?: Record<string, Fact>; cel?: string }[]
  ) =>
    outcome(
      decide(
        byRule.manager_to_coordinator.request({ claims: { a: 1, b: 1 } }),
        aSituation(),
        defineRules({ name: "r", rules: rules.map((rule) => ({ ...common, ...rule })) }),
      ),
    );
  const named = ["etl_orchestration"];

  test("the one that names the task goes first, then the one with more conditions, then the first", () => {
    expect(
      winner({ name: "any", tasks: ["*"], conditions: { a: 1, b: 1 } }, { name: "one", tasks: named }),
    ).toBe("one");
    expect(winner({ name: "few", tasks: named }, { name: "more", tasks: named, conditions: { a: 1 } })).toBe(
      "more",
    );
    expect(winner({ name: "few", tasks: named }, { name: "more", tasks: named, cel: "a == 1.0" })).toBe(
      "more",
    );
    expect(winner({ name: "first", tasks: named }, { name: "second", tasks: named })).toBe("first");
    expect(winner({ name: "fails", tasks: named, conditions: { a: 2 } }, { name: "any", tasks: ["*"] })).toBe(
      "any",
    );
  });
});

describe("the same question", () => {
  test("has the same answer, byte for byte, also after its parts have been copied, and one that fits its schema", () => {
    const arbitrary = fc.record({
      rule: fc.constantFrom(...Object.values(byRule)),
      claims: fc.dictionary(
        fc.constantFrom("data_complexity", "pipeline_scope", "data_workload", "other", "\n"),
        fc.oneof(fc.double(), fc.string({ unit: "binary", maxLength: 100 }), fc.boolean()),
      ),
      type: fc.oneof(fc.constant(undefined), fc.string({ minLength: 1, maxLength: 64 })),
      inFlight: fc.nat(12),
      cpu: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
    });
    fc.assert(
      fc.property(arbitrary, ({ rule, claims, type, inFlight, cpu }) => {
        const request = rule.request({ resources: { cpu } });
        request.claims = { ...request.claims, ...claims };
        if (type !== undefined) request.task = { type, payload: null };
        const load = { capacity: 10, inFlight, held: {}, throughput: 0, oldestMs: 0 };
        const situation = rule.situation({ load });
        const first = decide(request, situation, enterpriseData);
        const second = decide(
          structuredClone(request),
          structuredClone(situation),
          structuredClone(enterpriseData),
        );
        expect(JSON.stringify(second)).toBe(JSON.stringify(first));
        expect(decisionSchema.safeParse(first).success).toBe(true);
        if (!first.ok) expect(first.reason).not.toMatch(/[\n\r\u2028\u2029]/);
      }),
      { numRuns: 300 },
    );
  });
});
