import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rejection } from "../support/systems.ts";
import { type CaseName, cases } from "./cases.ts";
import { recorder } from "./probe.ts";
import { remoteGround } from "./remote-ground.ts";
import { rigOf, runCase } from "./run-case.ts";

let ground: Awaited<ReturnType<typeof remoteGround>>;

beforeAll(async () => {
  ground = await remoteGround();
});
afterAll(() => ground[Symbol.asyncDispose]());

describe("with the children on another node", () => {
  test("they do live there", async () => {
    const rig = await rigOf(ground, "where");
    const { address, node } = await rig.child(await rig.start({}, [rig.probe("a")]), "a");
    expect(node).toBe("b");
    expect(await rejection(ground.system.spawn(address, recorder))).toMatchObject({
      code: "ADDRESS_TAKEN",
      details: { node: "b" },
    });
  });

  for (const [name, { says, result }] of Object.entries(cases)) {
    test(`${name} ${says}`, async () => {
      expect(await runCase(name as CaseName, ground)).toEqual(result);
    });
  }
});
