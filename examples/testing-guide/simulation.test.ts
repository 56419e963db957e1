import { simulate } from "coxswain/testing";
import { expect, test } from "vitest";
import { ledger } from "./ledger.ts";
import { shop } from "./simulation.ts";

test("each job is charged once, through partitions and broken connections", async () => {
  // #region seed
  const { broken } = await simulate({
    seed: 4,
    nodes: ["office", "anna", "ben"],
    faults: { most: { partition: 4, reset: 4 } },
    scenario: () => shop(ledger),
    untilMs: 60_000,
  });
  expect(broken).toBeUndefined();
  // #endregion
});
