import { describe, expect, test } from "vitest";
import { settle, settleByReading, writeOf } from "../../../machines/durability/commit.ts";
import { unborn } from "../../../machines/durability/record.ts";

const record = unborn("state", 1_000);
const write = writeOf(record, 4, "mine");

describe("R3: a write is settled", () => {
  test("at once where the store says that it is done", () => {
    expect(settle({ kind: "ok", revision: 5 })).toEqual({ kind: "committed", revision: 5 });
  });

  test("by reading where no answer came, and also on a conflict: it may conflict with its own first try", () => {
    expect(settle({ kind: "unknown" })).toEqual({ kind: "read" });
    expect(settle({ kind: "conflict" })).toEqual({ kind: "read" });
  });

  test("as committed where the record has its nonce", () => {
    const stored = { record: write.record, revision: 5 };
    expect(settleByReading(write, stored)).toEqual({ kind: "committed", revision: 5 });
  });

  test("as not done where the revision stands still: the same write again", () => {
    expect(settleByReading(write, { record: { ...record, nonce: "before" }, revision: 4 })).toEqual({
      kind: "again",
    });
    expect(settleByReading(writeOf(record, 0, "first"), undefined)).toEqual({ kind: "again" });
  });

  test("as fenced where somebody else wrote, or the key is gone", () => {
    expect(settleByReading(write, { record: { ...record, nonce: "theirs" }, revision: 5 })).toEqual({
      kind: "fenced",
    });
    expect(settleByReading(write, undefined)).toEqual({ kind: "fenced" });
  });
});
