import { expect, test } from "vitest";
import {
  dryRun,
  fingerprintOf,
  outlineOf,
  type StoredSnapshot,
} from "../../../../src/durable/versions/index.ts";
import { orderMachine, persistedAfter, type Stored } from "./machines.ts";

const first = orderMachine();
const second = orderMachine(({ states }) => Object.assign(states, { archived: {} }));

function sample(version: number, key: string, change: object = {}): StoredSnapshot {
  const snapshot = Object.assign(persistedAfter(first, "add"), change);
  return { key, version, fingerprint: fingerprintOf(first), snapshot };
}

test("a dry run counts what would be taken as it is, what migrated, and what refused for which reason", () => {
  const migrations = {
    2: (snapshot: Stored) => {
      if (snapshot.context.items === undefined) throw new Error("no items");
      return snapshot;
    },
  };
  const records = [
    sample(2, "same", {}),
    sample(1, "a"),
    sample(1, "b"),
    sample(1, "broken 1", { context: {} }),
    sample(1, "tampered 1", { value: "admin" }),
    sample(1, "broken 2", { context: { id: 2 } }),
    sample(3, "newer"),
    sample(1, "broken 3", { context: { id: 3 } }),
  ];
  const before = structuredClone(records);
  const definition = {
    type: "order",
    logic: second,
    version: 2,
    migrations,
    outlineOf: () => outlineOf(first),
  };
  expect(dryRun(records, definition)).toEqual({
    type: "order",
    version: 2,
    sampled: 8,
    asTheyAre: 1,
    migrated: 2,
    refusals: [
      {
        count: 3,
        says: "Migration 2 threw: Error: no items",
        example: { key: "broken 1", reason: expect.objectContaining({ kind: "stepFailed", step: 2 }) },
      },
      {
        count: 1,
        says: 'What the migrations to version 2 made of it is no snapshot of the machine: Expected a state of the machine, which has no "admin"',
        example: { key: "tampered 1", reason: expect.objectContaining({ kind: "misfit" }) },
      },
      {
        count: 1,
        says: "It is of version 3, this is 2: a node with version ≥ 3 must take it",
        example: { key: "newer", reason: expect.objectContaining({ kind: "newer" }) },
      },
    ],
  });
  expect(records).toEqual(before);
});

test("nothing sampled, nothing said", () => {
  expect(dryRun([], { type: "order", logic: first, version: 1 })).toEqual({
    type: "order",
    version: 1,
    sampled: 0,
    asTheyAre: 0,
    migrated: 0,
    refusals: [],
  });
});
