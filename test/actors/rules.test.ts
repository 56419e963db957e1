import { describe, expect, test } from "vitest";
import { putRules, readRules, ruleBook } from "../../actors/index.ts";
import { authority } from "../../machines/index.ts";
import { rules } from "../../protocols/index.ts";
import { byRule } from "../machines/authority/situations.ts";
import { durableCluster } from "../src/durable/durable-cluster.ts";
import { rejection } from "../support/systems.ts";

const { enterpriseData, hashOf } = authority;
const strict = authority.defineRules({ name: "enterpriseData", rules: [] });

describe("the rules in force", () => {
  test("row 3: are replaced while the system runs: a decision before is made by the old version, one after by the new", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { rules: ruleBook });
    const { request, situation } = byRule.manager_to_coordinator;
    const decided = async () => {
      const { version, hash, ruleSet } = await cluster.settled(readRules(system, "enterpriseData"));
      return authority.decide(request(), situation({ rules: { version, hash } }), ruleSet);
    };
    await cluster.settled(putRules(system, enterpriseData));
    expect(await decided()).toMatchObject({ ok: true, rulesVersion: 1, rule: "manager_to_coordinator" });
    await cluster.settled(putRules(system, strict));
    expect(await decided()).toMatchObject({ ok: false, check: "rule", nearest: [] });
    expect(await cluster.settled(readRules(system, "enterpriseData"))).toEqual({
      version: 2,
      hash: hashOf(strict),
      ruleSet: strict,
    });
  });

  test("are told to whoever listens when they are replaced", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { rules: ruleBook });
    const heard: unknown[] = [];
    system.ref("rules.enterpriseData", rules).on("replaced", (event) => void heard.push(event));
    await cluster.settled(putRules(system, enterpriseData));
    await cluster.until(() => heard.length > 0);
    expect(heard).toMatchObject([{ version: 1, hash: hashOf(enterpriseData) }]);
  });

  test("of two who replace one version the first does, the other is refused", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("one", { rules: ruleBook });
    await cluster.settled(putRules(system, enterpriseData, { expected: 0 }));
    const late = cluster.settled(putRules(system, strict, { expected: 0 }));
    expect(await rejection(late)).toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining("Expected version 1, which is in force, got 0"),
    });
    expect((await cluster.settled(readRules(system, "enterpriseData"))).version).toBe(1);
  });

  test("outlive the process that keeps them, with their former versions", async () => {
    await using cluster = durableCluster();
    const asker = await cluster.join("asker", {});
    const first = await cluster.join("first", { rules: ruleBook });
    await cluster.settled(putRules(asker.system, enterpriseData));
    await cluster.settled(putRules(asker.system, strict));
    first.kill();
    await cluster.join("second", { rules: ruleBook });
    const book = asker.system.ref("rules.enterpriseData", rules);
    const former = book.ask({ type: "read", version: 1 }, { withinMs: 30_000 });
    expect((await cluster.settled(former)).ruleSet).toEqual(enterpriseData);
  });
});
