import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { authority } from "../../../machines/index.ts";
import { defineProtocol, question } from "../../../protocols/index.ts";
import { defineActor } from "../../../src/index.ts";
import { type SystemPlan, systemPermissions } from "../../../src/permissions/index.ts";
import { eachServerVersion } from "../../support/nats-server.ts";
import { rejection } from "../../support/systems.ts";
import { refusedOf } from "./attempts.ts";
import { openHarbour } from "./harbour.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Takes what is delegated. */
const delegating = defineProtocol({
  name: "delegating",
  accepts: { delegate: question(z.object({ task: z.string() }), z.object({ accepted: z.boolean() })) },
});
const delegation = defineActor({
  protocol: delegating,
  initial: () => ({}),
  receive: (state, _message, turn) => {
    turn.reply({ accepted: true });
    return state;
  },
  durability: "durable",
});

const levels = Object.keys(authority.presetLevels);

const plan: SystemPlan = {
  system: "pipeline",
  nodes: {
    hall: { hosts: { delegation } },
    ...Object.fromEntries(
      levels.map((level) => [level.toLowerCase(), { hosts: [`of-${level}`], level }] as const),
    ),
  },
};

describe.each(eachServerVersion)("row 1: on server %s", (version) => {
  test("an agent of level 1 that publishes on a delegate subject is refused by the server, one of each level above is not", async () => {
    await using place = await openHarbour(version, plan);
    await place.node("hall", { actors: { delegation } });
    for (const level of levels) {
      const name = level.toLowerCase();
      const client = await place.client(name);
      const subjects = [
        `cx.pipeline.in.${name}.delegation.d-1`,
        `cx.pipeline.box.main_0.${name}.delegation.d-1`,
      ];
      const refused = await refusedOf(client, () => {
        for (const subject of subjects) client.publish(subject, "{}");
      });
      const all = subjects.map((subject) => `publish ${subject}`);
      expect({ level, refused }).toEqual({ level, refused: level === "DATA_PROCESSOR" ? all : [] });
    }
  });

  test("a node of level 1 cannot delegate, nor in the name of another's zone; a node above it can", async () => {
    await using place = await openHarbour(version, plan);
    await place.node("hall", { actors: { delegation } });
    const manager = await place.node("pipeline_manager");
    const processor = await place.node("data_processor");
    const ask = { type: "delegate", task: "clean" } as const;
    expect(await manager.ref("delegation.d-1", delegating).ask(ask)).toEqual({ accepted: true });
    const refused = await rejection(
      processor.ref("delegation.d-2", delegating).ask(ask, { withinMs: 2_000 }),
    );
    expect(refused).toMatchObject({ code: "PERMISSION_DENIED" });
    const client = await place.client("data_processor");
    const subject = "cx.pipeline.in.pipeline_manager.delegation.d-3";
    expect(await refusedOf(client, () => client.publish(subject, JSON.stringify(ask)))).toEqual([
      `publish ${subject}`,
    ]);
  });
});

test("row 1: a plan whose node sends to what its level does not allow is refused", () => {
  const nodes = { ...plan.nodes, eager: { level: "DATA_PROCESSOR", sends: ["delegation"] } };
  expect(() => systemPermissions({ ...plan, nodes })).toThrow(/eager .*"delegation".*DATA_PROCESSOR/);
  const unknown = { ...plan.nodes, eager: { level: "KING" } };
  expect(() => systemPermissions({ ...plan, nodes: unknown })).toThrow(/DATA_PROCESSOR.*"KING"/);
  // Levels are data: in this order only one may delegate.
  const rules = {
    operations: { delegate: ["delegation.delegate"] },
    levels: { KING: { over: ["SERF"], may: ["delegate"] }, SERF: { over: [], may: [] } },
  };
  const court = (level: string): object => ({ hall: plan.nodes.hall, one: { level, sends: ["delegation"] } });
  expect(() => systemPermissions({ ...plan, rules, nodes: court("SERF") as never })).toThrow(/SERF/);
  expect(() => systemPermissions({ ...plan, rules, nodes: court("KING") as never })).not.toThrow();
});
