import { describe, expect, test } from "vitest";
import { escalationMachine } from "../../../machines/index.ts";
import { type EmittedOf, escalation } from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { type ModelState, pathsOf } from "../../../src/testing/model/index.ts";
import { durableCluster } from "../../src/durable/durable-cluster.ts";
import { escalationOptions } from "../../src/testing/model/authority-machines.ts";

const waitMs = 10_000;
const raise = { type: "raise", subject: "t-1", reason: "over its limits", waitMs } as const;

/** A ladder in memory and in virtual time: its turns take none. */
async function ladder(path: readonly string[] = ["etl_lead", "data_architect"]) {
  const cluster = durableCluster();
  const { system } = await cluster.join("one", {});
  const actor = defineActor({
    protocol: escalation,
    machine: escalationMachine,
    inputOf: (_: undefined, { self }) => ({ self }),
  });
  const ref = await cluster.settled(system.spawn("escalation.e-1", actor));
  const asked: (EmittedOf<typeof escalation> & { readonly type: "asked" })[] = [];
  const settled: { readonly state: string; readonly atMs: number }[] = [];
  ref.on("asked", (event) => void asked.push(event));
  ref.on("settled", ({ state }) => void settled.push({ state, atMs: cluster.env.nowMs() - startMs }));
  ref.tell({ ...raise, path: [...path] });
  await cluster.until(() => asked.length === 1);
  const startMs = (asked[0]?.untilMs ?? 0) - waitMs;
  /** Who was asked, and when, from the start on. */
  const reached = (): unknown[] => asked.map(({ of, untilMs }) => [of, untilMs - waitMs - startMs]);
  const decide = (level: number, decision: "passOn" | "fail") =>
    cluster.settled(ref.ask({ type: "decide", level, by: "ann", decision, reason: "not mine" }));
  return {
    cluster,
    asked,
    settled,
    reached,
    decide,
    [Symbol.asyncDispose]: cluster[Symbol.asyncDispose],
  };
}

describe("a ladder", () => {
  test("row 20: with no responder the last level is reached in exactly the sum of waits, and fails one wait later", async () => {
    await using at = await ladder();
    await at.cluster.pass(3 * waitMs + 1_000);
    expect(at.reached()).toEqual([
      ["etl_lead", 0],
      ["data_architect", waitMs],
      ["operator", 2 * waitMs],
    ]);
    expect(at.settled).toEqual([{ state: "failed", atMs: 3 * waitMs }]);
    expect(at.asked.at(-1)?.reasons).toEqual([
      "over its limits",
      "etl_lead did not decide within 10000 ms",
      "data_architect did not decide within 10000 ms",
    ]);
  });

  test("S5: asks each level once, whoever is named again, and the operator last", async () => {
    await using at = await ladder(["operator", "a", "b", "a"]);
    await at.cluster.pass(6 * waitMs);
    expect(at.asked.map(({ of, level }) => [of, level])).toEqual([
      ["a", 1],
      ["b", 2],
      ["operator", 3],
    ]);
  });

  test("gives who is asked next a whole wait, however early the one before has passed on", async () => {
    await using at = await ladder();
    await at.cluster.pass(4_000);
    await at.decide(1, "passOn");
    await at.cluster.pass(2 * waitMs);
    const [, second, third] = at.asked;
    expect(second?.reasons).toEqual(["over its limits", "ann passed it on: not mine"]);
    expect((second?.untilMs ?? 0) - (at.asked[0]?.untilMs ?? 0)).toBeLessThan(waitMs);
    expect((third?.untilMs ?? 0) - (second?.untilMs ?? 0)).toBe(waitMs);
  });
});

/** What is answered comes from the context: the state must be the same. */
function check({ snapshot }: ModelState): void {
  const { end, raised } = snapshot.context;
  if (end !== undefined) expect(snapshot.value).toBe(end.state);
  else expect(snapshot.matches("asking")).toBe(raised !== undefined);
}

for (const path of pathsOf(escalationMachine, { ...escalationOptions, check }))
  test(path.name, () => path.run());
