import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Child,
  childAt,
  childOf,
  emptyRoster,
  inOrder,
  newestFirst,
  type Roster,
  withChange,
  withChild,
  withoutChild,
} from "../../../machines/supervision/roster.ts";
import { specOf } from "../../../machines/supervision/specs.ts";
import { newChild } from "../../../machines/supervision/supervisor-context.ts";
import type { ActorAddress } from "../../../protocols/index.ts";

const home = { self: "shop" as ActorAddress, autoShutdown: "any_significant" } as const;
const ids = fc.integer({ min: 0, max: 12 }).map((n) => `c${n}`);
const steps = fc.array(
  fc.record({
    id: ids,
    does: fc.constantFrom("join", "leave", "running", "restarting", "stopped"),
    type: fc.constantFrom("worker", "supervisor"),
    significant: fc.boolean(),
    dynamic: fc.boolean(),
  }),
  { maxLength: 80 },
);

function counted(children: readonly Child[]): Roster["counts"] {
  const count = (holds: (child: Child) => boolean): number => children.filter(holds).length;
  return {
    all: children.length,
    running: count(({ state }) => state === "running"),
    supervisors: count(({ spec }) => spec.type === "supervisor"),
    significant: count(({ spec, state }) => spec.significant && state !== "stopped"),
  };
}

test("a roster is an ordered list with two indexes and right counts, whatever happens to its children", () => {
  fc.assert(
    fc.property(steps, (all) => {
      let roster = emptyRoster;
      let model: Child[] = [];
      for (const { id, does, type, significant, dynamic } of all) {
        const known = model.find(({ spec }) => spec.id === id);
        if (known === undefined) {
          const spec = specOf({ id, actor: "x", type, significant, restart: "transient" }, home);
          const child = { ...newChild(spec), dynamic };
          model = [...model, { ...child, place: roster.nextPlace }];
          roster = withChild(roster, child);
        } else if (does === "leave") {
          roster = withoutChild(roster, known);
          model = model.filter((one) => one !== known);
        } else if (does !== "join") {
          const changed = { ...known, state: does };
          roster = withChange(roster, changed);
          model = model.map((one) => (one === known ? changed : one));
        }
        expect([...inOrder(roster)]).toEqual(model);
        expect(roster.counts).toEqual(counted(model));
      }
      expect([...newestFirst(roster)]).toEqual(model.toReversed());
      for (const child of model) {
        expect(childAt(roster, child.address)).toEqual(child);
        expect(childOf(roster, child.spec.id)).toEqual(child.dynamic ? undefined : child);
      }
      expect(childAt(roster, "shop.nobody")).toBeUndefined();
    }),
  );
});

test("names that hash alike are told apart", () => {
  // Found by search: as ids, both fold to the same 30 bits.
  const alike = ["c62921", "c241833"] as const;
  let roster = emptyRoster;
  for (const id of alike) roster = withChild(roster, newChild(specOf({ id, actor: "x" }, home)));
  expect(alike.map((id) => childOf(roster, id)?.spec.id)).toEqual(alike);
  roster = withoutChild(roster, childOf(roster, alike[0]) as Child);
  expect(alike.map((id) => childOf(roster, id)?.spec.id)).toEqual([undefined, alike[1]]);
});
