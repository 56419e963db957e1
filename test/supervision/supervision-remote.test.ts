import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CaseName, cases } from "./cases.ts";
import { remoteGround } from "./remote-ground.ts";
import { runCase } from "./run-case.ts";

let ground: Awaited<ReturnType<typeof remoteGround>>;

beforeAll(async () => {
  ground = await remoteGround();
});
afterAll(() => ground[Symbol.asyncDispose]());

describe("with the children on another node", () => {
  for (const [name, { says, result }] of Object.entries(cases)) {
    test(`${name} ${says}`, async () => {
      expect(await runCase(name as CaseName, ground)).toEqual(result);
    });
  }
});
