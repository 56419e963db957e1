import { expect, test } from "vitest";
import { CoxswainError } from "../../../protocols/index.ts";
import { RecordTrouble } from "../../../src/durable/record-trouble.ts";
import { simulatedEnv } from "../../support/simulated-env.ts";

test("records that cannot be read or written are spoken of when it lasts, and of all agents together once in five seconds", () => {
  const env = simulatedEnv();
  const said: string[] = [];
  const trouble = new RecordTrouble(env, ({ message }) => void said.push(message));
  const error = new CoxswainError("STORE_FAILED", "nobody answers");
  for (let tries = 0; tries < 6; tries++) trouble.of("main_1.account.eve", error, tries);
  expect(said).toEqual([]);
  for (let agent = 0; agent < 10; agent++) trouble.of(`main_1.account.n${agent}`, error, 6);
  expect(said).toEqual([
    "Records of durable agents, such as main_1.account.n0, cannot be read or written: nobody answers",
  ]);
  env.advance(5_000);
  trouble.of("main_1.account.eve", error, 20);
  expect(said.length).toBe(2);
});
