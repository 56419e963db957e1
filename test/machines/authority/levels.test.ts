import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  authorityOrder,
  decide,
  enterpriseData,
  presetLevels,
  validateRules,
} from "../../../machines/authority/index.ts";
import { delegationRequest } from "../../../protocols/index.ts";
import { aRole, aSituation, boss, crew, hourMs, nowMs } from "./situations.ts";

/** As everybody would have to see it: all that rules may ask of a task is so. */
const claims = {
  data_complexity: 1,
  business_impact: "enterprise",
  pipeline_scope: true,
  stage_scope: true,
  data_quality_threshold: 1,
};

/** Row 1's levels, lowest first, by the letters of the table below. */
const letters = {
  P: "DATA_PROCESSOR",
  C: "PIPELINE_COLLABORATOR",
  S: "STAGE_COORDINATOR",
  M: "PIPELINE_MANAGER",
  A: "DATA_ARCHITECT",
} as const;
type Letter = keyof typeof letters;

const tasks = {
  strategy: ["data_strategy", "architecture_design", "pipeline_optimization", "data_governance"],
  orchestration: [
    "etl_orchestration",
    "data_quality_management",
    "pipeline_monitoring",
    "performance_tuning",
  ],
  transformation: ["data_transformation", "data_validation", "schema_mapping", "data_profiling"],
  peers: ["code_review", "schema_consultation", "quality_validation", "troubleshooting"],
  unknown: ["data_backup", "report_writing", "model_training"],
};

/**
 * By hand. Delegator and target, then a letter for each kind of task: strategy, orchestration, transformation, peers,
 * unknown. y: may be; a: the authority refuses; r: no rule applies.
 */
const table = `
  PP aaaaa   PC aaaaa   PS aaaaa   PM aaaaa   PA aaaaa
  CP rrrrr   CC rrryr   CS aaaaa   CM aaaaa   CA aaaaa
  SP rrrrr   SC rryrr   SS rrrrr   SM aaaaa   SA aaaaa
  MP rrrrr   MC rrrrr   MS ryrrr   MM rrrrr   MA aaaaa
  AP rrrrr   AC rrrrr   AS rrrrr   AM yrrrr   AA rrrrr`;

const rows = [...table.matchAll(/([PCSMA])([PCSMA]) ([yar]{5})/g)].flatMap(([, from, to, letter]) =>
  Object.entries(tasks).flatMap(([, types], kind) =>
    types.map((type) => [letters[from as Letter], letters[to as Letter], type, letter?.[kind]] as const),
  ),
);

describe("levels of authority", () => {
  test("row 1: the table has 25 pairs and 19 task types", () => {
    expect(new Set(rows.map(([from, to]) => `${from} ${to}`)).size).toBe(25);
    expect(new Set(rows.map(([, , type]) => type)).size).toBe(19);
    expect(rows.length).toBe(25 * 19);
  });

  test.each(
    Object.values(letters).flatMap((from) => Object.values(letters).map((to) => [from, to] as const)),
  )("row 1: from %s to %s, 19 task types are decided as the table says", (from, to) => {
    const decided = rows
      .filter(([above, below]) => above === from && below === to)
      .map(([, , type, expected]) => {
        const deadlineMs = nowMs + hourMs;
        const request = { from: boss, to: crew, task: { type, payload: 1 }, claims, deadlineMs };
        const skilled = aRole(to, { skills: { [type]: 1 } });
        const situation = aSituation({ from: aRole(from), to: skilled });
        const decision = decide(delegationRequest.parse(request), situation, enterpriseData);
        return [type, decision.ok ? "y" : decision.check.slice(0, 1), expected];
      });
    expect(decided.filter(([, is, expected]) => is !== expected)).toEqual([]);
    expect(decided).toHaveLength(19);
  });

  test("row 1: each of the five may what those below it may, and one thing more", () => {
    const order = authorityOrder(presetLevels);
    expect(Object.values(letters).map((level) => order.operationsOf(level))).toEqual([
      ["execute"],
      ["askPeers", "delegate", "execute"],
      ["askPeers", "coordinateStage", "delegate", "execute"],
      ["askPeers", "coordinateStage", "delegate", "execute", "managePipeline"],
      ["askPeers", "coordinateStage", "decideEnterprise", "delegate", "execute", "managePipeline"],
    ]);
  });

  test("may stand in no order to each other: neither is within the other then, and both are within what is above them", () => {
    const order = authorityOrder({
      head: { over: ["left", "right"], may: ["delegate"] },
      left: { over: ["hand"], may: [] },
      right: { over: ["hand"], may: [] },
      hand: { over: [], may: ["execute"] },
    });
    expect(order.isWithin("left", "right")).toBe(false);
    expect(order.isWithin("right", "left")).toBe(false);
    expect(order.isWithin("left", "head")).toBe(true);
    expect(order.isWithin("hand", "head")).toBe(true);
    expect(order.isWithin("head", "hand")).toBe(false);
    expect(order.isWithin("nobody", "nobody")).toBe(false);
    expect(order.may("left", "execute")).toBe(true);
    expect(order.may("left", "delegate")).toBe(false);
  });

  test("row 1: whatever the order and its rules, nobody hands a task up or across", () => {
    const names = ["a", "b", "c", "d", "e"] as const;
    const name = fc.constantFrom(...names);
    const arbitrary = fc.record({
      over: fc.array(fc.tuple(name, name), { maxLength: 8 }),
      rules: fc.array(fc.tuple(name, name), { maxLength: 4 }),
      mayDelegate: fc.subarray([...names]),
      from: name,
      to: name,
    });
    let accepted = 0;
    fc.assert(
      fc.property(arbitrary, ({ over, rules, mayDelegate, from, to }) => {
        const levels = Object.fromEntries(
          names.map((level) => [
            level,
            {
              over: over
                .filter(([above, below]) => above === level && below > level)
                .map(([, below]) => below),
              may: mayDelegate.includes(level) ? ["delegate"] : [],
            },
          ]),
        );
        const within = authorityOrder(levels);
        const set = validateRules({
          name: "s",
          levels,
          operations: { delegate: [] },
          rules: rules.map(([from, to], index) => ({ name: `r${index}`, from, to, tasks: ["*"] })),
        });
        expect(set.ok).toBe(rules.every(([above, below]) => within.isWithin(below, above)));
        if (!set.ok) return;
        const request = delegationRequest.parse({ from: boss, to: crew, task: { type: "t", payload: 1 } });
        const decision = decide(request, aSituation({ from: aRole(from), to: aRole(to) }), set.ruleSet);
        if (!decision.ok) return;
        accepted++;
        expect(within.isWithin(to, from) && within.may(from, "delegate")).toBe(true);
      }),
      { numRuns: 1_000, seed: 1 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});
