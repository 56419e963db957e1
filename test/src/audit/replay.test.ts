import { describe, expect, test } from "vitest";
import { authority } from "../../../machines/index.ts";
import {
  type AuditRecord,
  actorAddress,
  type Decision,
  type DelegationRequest,
  delegationRequest,
  type RuleSet,
  type Situation,
} from "../../../protocols/index.ts";
import { Audit, auditStream, replayDecisions } from "../../../src/audit/index.ts";
import { createMemoryHub } from "../../../src/transport/memory.ts";
import { valueOrThrow } from "../../../src/transport/outcomes.ts";
import { simulatedEnv } from "../../support/simulated-env.ts";

type Inputs = { readonly request: DelegationRequest; readonly situation: Situation };

const { enterpriseData, hashOf, decide } = authority;
const stricter: RuleSet = { ...enterpriseData, rules: enterpriseData.rules.slice(1) };
const levels = Object.keys(enterpriseData.levels);
const holding = {
  ...{ data_complexity: 0.9, business_impact: "enterprise", pipeline_scope: true },
  ...{ stage_scope: true, data_quality_threshold: 0.9 },
};

/** Requests and situations, from one seed: near what each rule allows, so that now one check fails and now another. */
function* cases(count: number): Generator<Inputs & { readonly ruleSet: RuleSet }> {
  const env = simulatedEnv({ seed: 12 });
  const pick = <T>(from: readonly T[]): T => from[Math.floor(env.random() * from.length)] as T;
  const mostly = (): boolean => env.random() < 0.85;
  for (let n = 0; n < count; n++) {
    const ruleSet = pick([enterpriseData, enterpriseData, stricter]);
    const rule = pick(enterpriseData.rules);
    const type = pick(rule.tasks);
    const level = (of: string): string => (mostly() ? of : pick(levels));
    const role = { skills: { [type]: 0.1 + 0.7 }, capacity: 10, clearance: mostly() ? ["confidential"] : [] };
    const request = delegationRequest.parse({
      from: actorAddress("desk.one"),
      to: actorAddress("crew.two"),
      task: { type, payload: { canary: n } },
      priority: pick([1, 3, 5]),
      claims: mostly() ? holding : {},
      resources: pick([{}, { cpu: 1, memory: 1 / 3 }, { cpu: 101 }]),
      data: pick([undefined, { classification: "confidential", purpose: "analytics", retentionMs: 1_000 }]),
      deadlineMs: env.nowMs() + 3_600_000,
    });
    const situation: Situation = {
      atMs: env.nowMs(),
      rules: { version: 1, hash: hashOf(ruleSet) },
      from: { ...role, authority: level(rule.from) },
      ...(mostly() ? { to: { ...role, authority: level(rule.to) } } : {}),
      load: { capacity: 10, inFlight: pick([0, 3, 7, 10]), held: { cpu: 4 }, throughput: 0.8, oldestMs: 5 },
      measured: {},
      alternatives: [],
    };
    yield { request, situation, ruleSet };
  }
}

async function audited(count: number): Promise<{ audit: Audit; decisions: Decision[] }> {
  const { name, options } = auditStream("test");
  const stream = valueOrThrow(await createMemoryHub().connect().store.stream(name, options));
  const audit = new Audit({ system: "test", zone: "main", env: simulatedEnv({ seed: 1 }), stream });
  const decisions: Decision[] = [];
  let n = 0;
  for (const { ruleSet, ...inputs } of cases(count)) {
    const outcome = decide(inputs.request, inputs.situation, ruleSet);
    decisions.push(outcome);
    const id = `d-${n++}`;
    await audit.append({
      id: `${id}/decided`,
      kind: "decided",
      subject: id,
      inputs,
      rules: inputs.situation.rules,
      outcome,
    });
    await audit.append({
      id: `${id}/ended`,
      kind: "ended",
      subject: id,
      inputs: {},
      outcome: { status: "done" },
    });
  }
  return { audit, decisions };
}

const known = new Map([enterpriseData, stricter].map((ruleSet) => [hashOf(ruleSet), ruleSet]));
const again = (record: AuditRecord): Decision => {
  const { request, situation } = record.inputs as Inputs;
  return decide(request, situation, known.get(record.rules?.hash ?? "") as RuleSet);
};

describe("row 12: from the audit alone", () => {
  test("every decision is made again, byte for byte", async () => {
    const { audit, decisions } = await audited(400);
    // Of every kind there are some, or it says little.
    const kinds = new Set(decisions.map((decision) => (decision.ok ? "ok" : decision.check)));
    expect([...kinds].sort()).toEqual(["authority", "capacity", "governance", "limits", "ok", "rule"]);
    expect(await replayDecisions(audit, again)).toEqual({ decisions: 400, differences: [] });
  });

  test("a decision that would be another today is shown, with both", async () => {
    const { audit, decisions } = await audited(60);
    const lenient = (record: AuditRecord): Decision => {
      const decision = again(record);
      return decision.ok ? decision : { ...decision, requiresEscalation: false };
    };
    const { differences } = await replayDecisions(audit, lenient);
    const escalating = decisions.flatMap((decision, n) =>
      !decision.ok && decision.requiresEscalation ? [`d-${n}/decided`] : [],
    );
    expect(differences.map(({ id }) => id)).toEqual(escalating);
    expect(differences[0]?.recorded).toContain('"requiresEscalation":true');
    expect(differences[0]?.decided).toContain('"requiresEscalation":false');
    const unknown = await replayDecisions(audit, () => {
      throw new Error("no rules");
    });
    expect(unknown.differences[0]?.decided).toContain("no rules");
  });
});
