import { checkTeam } from "coxswain/testing";
import { expect, test } from "vitest";
import { team } from "./team.ts";

test("each job is charged once, whatever the network does", () => {
  // #region holds
  const { verdict, story } = checkTeam(team);
  expect(verdict, story).toBe("holds");
  // #endregion
});
