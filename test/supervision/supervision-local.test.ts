import { expect, test } from "vitest";
import { type CaseName, cases } from "./cases.ts";
import { localGround } from "./local-ground.ts";
import { runCase } from "./run-case.ts";

for (const [name, { says, result }] of Object.entries(cases)) {
  test(`${name} ${says}`, async () => {
    await using ground = await localGround();
    expect(await runCase(name as CaseName, ground)).toEqual(result);
  });
}
