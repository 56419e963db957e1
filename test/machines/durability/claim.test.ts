import { describe, expect, test } from "vitest";
import { claimOf } from "../../../machines/durability/claim.ts";
import { unborn } from "../../../machines/durability/record.ts";

const record = unborn("state", 1_000);

describe("R1: a claim", () => {
  test("is a write of the record itself, with the next epoch, on the revision that was found", () => {
    const claim = claimOf({ record: { ...record, epoch: 6, owner: "bow" }, revision: 9 }, "stern", "n");
    expect(claim).toEqual({ expect: 9, record: { ...record, epoch: 7, owner: "stern", nonce: "n" } });
  });

  test("makes the key where it is missing, as epoch 1", () => {
    expect(claimOf(record, "bow", "n")).toMatchObject({ expect: 0, record: { epoch: 1, owner: "bow" } });
  });

  test("R9: takes a closed record as it is, so that its epoch and marks go on", () => {
    const closed = { ...record, epoch: 2, closed: true };
    expect(claimOf({ record: closed, revision: 3 }, "bow", "n").record).toMatchObject({
      epoch: 3,
      closed: true,
    });
  });
});
