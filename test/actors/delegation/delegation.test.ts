import { describe, expect, test } from "vitest";
import { type Delegated, decideApproval, delegate } from "../../../actors/index.ts";
import { authority } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  approval,
  type DelegationRequest,
  delegation,
  escalation,
  grants,
  type RuleSet,
  type Situation,
} from "../../../protocols/index.ts";
import { type ActorSystem, replayDecisions } from "../../../src/index.ts";
import { type DurableCluster, durableCluster } from "../../src/durable/durable-cluster.ts";
import { rejection } from "../../support/systems.ts";
import { books, inFlight, orchestration, type Perform, startTeam, validation } from "./team.ts";

interface Scene {
  readonly cluster: DurableCluster;
  readonly system: ActorSystem;
  of(request: Parameters<typeof delegate>[1], id?: string): Promise<Delegated>;
}

/** The team on one node, its books on another. */
async function scene(
  cluster: DurableCluster,
  perform: Perform,
  policy: Parameters<typeof books>[0] = {},
): Promise<Scene> {
  const { system } = await cluster.join("team", {});
  await cluster.join("books", books(policy));
  await cluster.settled(startTeam(system, perform));
  return {
    cluster,
    system,
    of: (request, id) => cluster.settled(delegate(system, request, id === undefined ? {} : { id })),
  };
}

describe("a task that is delegated", () => {
  test("row 18: is decided by the rules in force, done under a grant, and its result told; its place is free again", async () => {
    await using cluster = durableCluster();
    const tasks: unknown[] = [];
    const { system, of } = await scene(cluster, (member, { task }) => {
      tasks.push([member, task]);
      return { rows: 3 };
    });
    const given = await of(validation(), "d1");
    expect(given.decision).toMatchObject({
      ok: true,
      rule: "coordinator_to_collaborator",
      workloadImpact: { before: 0, after: 1, capacity: 2, utilisation: 0.5 },
      approval: { required: false },
    });
    expect(await cluster.settled(given.result())).toEqual({ status: "done", result: { rows: 3 } });
    expect(tasks).toEqual([["validators", { type: "data_validation", payload: { file: "a" } }]]);
    expect(await cluster.settled(inFlight(system, "validators"))).toBe(0);
    const book = system.ref("grants.d1", grants);
    expect(await cluster.settled(book.ask({ type: "check", id: "d1" }))).toMatchObject({ stands: false });
  });

  test("is decided once, whoever delegates again under its id", async () => {
    await using cluster = durableCluster();
    let done = 0;
    const { of } = await scene(cluster, () => ++done);
    const [first, second] = [await of(validation(), "d1"), await of(validation(), "d1")];
    expect(second.decision).toEqual(first.decision);
    expect(await cluster.settled(second.result())).toEqual({ status: "done", result: 1 });
    expect(done).toBe(1);
  });

  test("row 13 row 14: is refused with the reason, the nearest rules and whom to ask; what may not be climbs that ladder", async () => {
    await using cluster = durableCluster();
    const { system, of } = await scene(cluster, () => 1);
    const unknown = await of(validation({ to: "nobody" as ActorAddress }));
    expect(unknown.decision).toMatchObject({ ok: false, check: "authority", requiresEscalation: true });
    const ruleless = await of(
      validation({ claims: { stage_scope: true, data_quality_threshold: 0.8 } }),
      "d2",
    );
    expect(ruleless.decision).toMatchObject({
      ok: false,
      check: "rule",
      escalationPath: ["stage_coordinator", "pipeline_manager"],
      nearest: [{ rule: "coordinator_to_collaborator" }, {}, {}],
    });
    const ladder = system.ref("escalation.d2", escalation);
    expect(await cluster.settled(ladder.ask({ type: "status" }))).toMatchObject({
      state: "asking",
      asked: "stage_coordinator",
    });
    await cluster.settled(
      ladder.ask({ type: "decide", level: 1, by: "ada", decision: "resolve", reason: "let it be" }),
    );
    await cluster.pass(200);
    expect(await cluster.settled(ruleless.status())).toMatchObject({
      stage: "refused",
      reason: expect.stringContaining("resolved by ada"),
    });
  });

  test("row 15: is refused where the target has no place left, with others that have, best first, and no ladder", async () => {
    await using cluster = durableCluster();
    const { of } = await scene(cluster, () => new Promise(() => {}));
    const all = [await of(validation()), await of(validation()), await of(validation(), "d3")];
    expect(all.map(({ decision }) => decision.ok)).toEqual([true, true, false]);
    expect(all[2]?.decision).toMatchObject({
      check: "capacity",
      requiresEscalation: false,
      escalationPath: [],
      alternatives: [{ address: "checkers", free: 2, fit: 0.6 }],
    });
    const instead = await of(validation({ to: "checkers" as ActorAddress }));
    expect(instead.decision.ok).toBe(true);
  });

  test("row 16: is refused where all that the target holds would be more than the rule lets it", async () => {
    await using cluster = durableCluster();
    const { of } = await scene(cluster, () => new Promise(() => {}));
    await of(validation({ resources: { memory: 70 } }));
    const more = await of(validation({ resources: { memory: 40, cpu: 1 } }));
    expect(more.decision).toMatchObject({
      check: "limits",
      violations: [{ resource: "memory", requested: 40, remaining: 30, unit: "GB" }],
      escalationPath: ["pipeline_manager", "data_architect"],
    });
  });

  test("row 7: is decided by the load that was measured, whatever its delegator says of it", async () => {
    await using cluster = durableCluster();
    const { of } = await scene(cluster, () => new Promise(() => {}));
    const review = {
      from: "checkers" as ActorAddress,
      task: { type: "code_review", payload: {} },
      claims: { data_workload: 0, expertise_match: 1 },
    };
    expect((await of(validation(review))).decision.ok).toBe(true);
    await of(validation(review));
    const liar = await of(validation({ ...review, claims: { data_workload: 0 } }));
    expect(liar.decision).toMatchObject({ ok: false, check: "rule" });
  });

  test("row 5 row 19: waits at its gate, and is begun when a person has approved it", async () => {
    await using cluster = durableCluster();
    const begun: string[] = [];
    const { system, of } = await scene(cluster, (member) => begun.push(member));
    const deadlineMs = cluster.env.nowMs() + 3_600_000;
    const given = await of(orchestration({ deadlineMs }), "d1");
    expect(given.decision).toMatchObject({ ok: true, approval: { required: true, id: "d1" } });
    await cluster.pass(1_000);
    expect(begun).toEqual([]);
    const gate = system.ref("approval.d1", approval);
    expect(await cluster.settled(gate.ask({ type: "status" }))).toMatchObject({
      state: "open",
      summary: expect.stringContaining("manager delegates etl_orchestration to coordinator"),
    });
    await cluster.settled(decideApproval(system, "d1", { approve: true, by: "ada" }));
    expect(await cluster.settled(given.result())).toMatchObject({ status: "done" });
    expect(begun).toEqual(["coordinator"]);
  });

  test("is refused by the gate's default when its time is over, and climbs the ladder", async () => {
    await using cluster = durableCluster();
    const { system, of } = await scene(cluster, () => 1, { approvalWithinMs: 2_000 });
    const given = await of(orchestration({ deadlineMs: cluster.env.nowMs() + 60_000 }), "d1");
    expect(await cluster.settled(given.result())).toMatchObject({
      status: "refused",
      decision: { check: "approval", escalationPath: ["data_engineering_lead", "data_architect"] },
    });
    const ladder = system.ref("escalation.d1", escalation);
    expect(await cluster.settled(ladder.ask({ type: "status" }))).toMatchObject({
      asked: "data_engineering_lead",
    });
    expect(await cluster.settled(inFlight(system, "coordinator"))).toBe(0);
  });

  test("F72 revoked in the midst of it is told to whoever works on it, and gives its place back", async () => {
    await using cluster = durableCluster();
    const aborted: unknown[] = [];
    let begun = false;
    const { system, of } = await scene(cluster, (_, { signal }) => {
      begun = true;
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted.push(1);
          reject(signal.reason);
        });
      });
    });
    const given = await of(validation(), "d1");
    await cluster.until(() => begun);
    await cluster.settled(given.revoke("enough"));
    expect(await cluster.settled(given.result())).toEqual({ status: "revoked", reason: "enough" });
    await cluster.until(() => aborted.length === 1);
    expect(await cluster.settled(inFlight(system, "validators"))).toBe(0);
  });

  test("has expired when its deadline passes, and a result that comes later finds nobody", async () => {
    await using cluster = durableCluster();
    const finish: (() => void)[] = [];
    const { system, of } = await scene(
      cluster,
      () => new Promise((resolve) => finish.push(() => resolve(1))),
    );
    const given = await of(validation({ deadlineMs: cluster.env.nowMs() + 3_000 }), "d1");
    expect(await cluster.settled(given.result())).toMatchObject({ status: "expired" });
    expect(await cluster.settled(inFlight(system, "validators"))).toBe(0);
    for (const each of finish) each();
    await cluster.pass(500);
    expect(await cluster.settled(given.status())).toMatchObject({ stage: "expired" });
  });

  test("fails with what its target refuses it with", async () => {
    await using cluster = durableCluster();
    const { system, of } = await scene(cluster, () => {
      throw new Error("no such file");
    });
    const given = await of(validation(), "d1");
    expect(await cluster.settled(given.result())).toEqual({
      status: "failed",
      code: "REFUSED",
      reason: expect.stringContaining("no such file"),
    });
    expect(await cluster.settled(inFlight(system, "validators"))).toBe(0);
  });

  test("row 12: is in the audit from its decision to its end, and what was decided is decided alike again, byte for byte", async () => {
    await using cluster = durableCluster();
    const { system, of } = await scene(cluster, () => 1, { approvalWithinMs: 1_000 });
    const given = await of(validation(), "d1");
    await cluster.settled(given.result());
    await of(validation({ claims: {} }), "d2");
    const gated = await of(orchestration({ deadlineMs: cluster.env.nowMs() + 60_000 }), "d3");
    await cluster.settled(gated.result());
    await cluster.pass(1_000);
    const kept: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { record } of system.audit.read()) kept.push(record.id);
    };
    await cluster.settled(read());
    expect(kept.toSorted()).toEqual([
      "d1/assigned",
      "d1/decided",
      "d1/ended",
      "d2/decided",
      "d2/ended",
      "d3/decided",
      "d3/ended",
      "d3/gate",
    ]);
    const again = (rules: RuleSet) =>
      cluster.settled(
        replayDecisions(system.audit, ({ inputs }) => {
          const { request, situation } = inputs as { request: DelegationRequest; situation: Situation };
          return authority.decide(request, situation, rules);
        }),
      );
    expect(await again(authority.enterpriseData)).toEqual({ decisions: 3, differences: [] });
    const others = { ...authority.enterpriseData, escalationPath: ["somebody_else"] };
    expect((await again(others)).differences.map(({ id }) => id)).toEqual(["d2/decided"]);
    expect(await cluster.settled(system.audit.verify())).toMatchObject({ ok: true });
  });

  test("cannot be delegated on under a grant that gives nothing further, nor under one that is over", async () => {
    await using cluster = durableCluster();
    const { of } = await scene(cluster, (member) => (member === "coordinator" ? new Promise(() => {}) : 1));
    const policy = { deadlineMs: cluster.env.nowMs() + 60_000 };
    const top = await of(validation({ ...policy, resources: {} }), "top");
    expect(await cluster.settled(top.result())).toMatchObject({ status: "done" });
    const below = cluster.settled(of(validation({ ...policy, grant: "top.top" }), "below"));
    expect(await rejection(below)).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining("does not stand"),
    });
  });

  test("is read back after it is over by whoever asks for it, and then no more", async () => {
    await using cluster = durableCluster();
    const { system, of } = await scene(cluster, () => 1, { keptMs: 5_000 });
    const given = await of(validation(), "d1");
    expect(await cluster.settled(given.result())).toMatchObject({ status: "done" });
    await cluster.pass(6_000);
    const ref = system.ref(actorAddress("delegation.d1"), delegation);
    expect(await rejection(cluster.settled(ref.ask({ type: "result" })))).toMatchObject({
      name: "CoxswainError",
    });
  });
});
