import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { up } from "../../../machines/supervision/children.ts";
import {
  type Child,
  childOf,
  emptyRoster,
  inOrder,
  type Roster,
  withChange,
  withChild,
} from "../../../machines/supervision/roster.ts";
import { specOf } from "../../../machines/supervision/specs.ts";
import { restartPlan, startAll, startStep, stopAll } from "../../../machines/supervision/strategy.ts";
import { newChild } from "../../../machines/supervision/supervisor-context.ts";
import {
  type ActorAddress,
  type ChildSpecInput,
  restartKinds,
  strategies,
} from "../../../protocols/index.ts";

const home = { self: "shop" as ActorAddress, autoShutdown: "never" } as const;

/** Children that all run, or as many as `running` says. */
function rosterOf(specs: readonly Partial<ChildSpecInput>[], running = specs.map(() => true)): Roster {
  let roster = emptyRoster;
  for (const [n, spec] of specs.entries())
    roster = withChild(roster, newChild(specOf({ id: `c${n + 1}`, actor: "x", ...spec }, home)));
  for (const child of inOrder(roster))
    if (running[child.place] === true)
      roster = withChange(
        roster,
        up(child, { address: child.address, activation: `life of ${child.spec.id}` }),
      );
  return roster;
}
const of = (roster: Roster, id: string): Child => childOf(roster, id) as Child;
const ids = (steps: readonly { readonly address: string }[]): string[] =>
  steps.map(({ address }) => address.slice("shop.".length));
const planned = (plan: ReturnType<typeof stopAll>) => ({ stop: ids(plan.stop), start: ids(plan.start) });

const four = rosterOf([{}, {}, {}, {}]);

describe("a restart", () => {
  test("concerns the child alone with one_for_one, and with simple_one_for_one", () => {
    for (const strategy of ["one_for_one", "simple_one_for_one"] as const)
      expect(planned(restartPlan(strategy, four, of(four, "c2")))).toEqual({ stop: [], start: ["c2"] });
  });

  test("concerns all with one_for_all: the others stop last first, then all start in order", () => {
    expect(planned(restartPlan("one_for_all", four, of(four, "c2")))).toEqual({
      stop: ["c4", "c3", "c1"],
      start: ["c1", "c2", "c3", "c4"],
    });
  });

  test("concerns it and those after it with rest_for_one", () => {
    expect(planned(restartPlan("rest_for_one", four, of(four, "c2")))).toEqual({
      stop: ["c4", "c3"],
      start: ["c2", "c3", "c4"],
    });
  });

  test("stops a temporary bystander and does not start it; one that had ended is started too", () => {
    const roster = rosterOf([{}, { restart: "temporary" }, { restart: "transient" }], [true, true, false]);
    expect(planned(restartPlan("one_for_all", roster, of(roster, "c1")))).toEqual({
      stop: ["c2"],
      start: ["c1", "c3"],
    });
  });

  test("is, for any children, what filtering the list of them says", () => {
    const children = fc.array(fc.record({ restart: fc.constantFrom(...restartKinds), runs: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(children, fc.constantFrom(...strategies), fc.nat(), (list, strategy, at) => {
        const roster = rosterOf(
          list.map(({ restart }) => ({ restart })),
          list.map(({ runs }) => runs),
        );
        const all = [...inOrder(roster)];
        const failed = all[at % all.length] as Child;
        const theirs = all.filter(
          (child) =>
            child === failed ||
            strategy === "one_for_all" ||
            (strategy === "rest_for_one" && child.place > failed.place),
        );
        const single = strategy.endsWith("one_for_one");
        const plan = restartPlan(strategy, roster, failed);
        const bystanders = theirs.filter((one) => one !== failed && one.state === "running");
        expect(plan.stop.map(({ address }) => address)).toEqual(
          bystanders.toReversed().map(({ address }) => address),
        );
        expect(plan.start.map(({ address }) => address)).toEqual(
          theirs.filter((one) => single || one.spec.restart !== "temporary").map(({ address }) => address),
        );
      }),
    );
  });
});

describe("all children", () => {
  test("start in order, and stop against it, each with its own limit", () => {
    const roster = rosterOf([{ shutdownMs: 10 }, { shutdownMs: "brutal_kill" }, {}], [true, true, false]);
    expect(ids(startAll(roster).start)).toEqual(["c1", "c2", "c3"]);
    expect(stopAll("rest_for_one", roster)).toEqual({
      stop: [
        { address: "shop.c2", activation: "life of c2", limit: "brutal_kill" },
        { address: "shop.c1", activation: "life of c1", limit: 10 },
      ],
      start: [],
    });
  });

  test("of a template stop at once, with one limit for all", () => {
    const roster = rosterOf([{ shutdownMs: 400 }, { shutdownMs: 400 }]);
    expect(stopAll("simple_one_for_one", roster).parallelMs).toBe(400);
    expect(stopAll("simple_one_for_one", emptyRoster)).toEqual({ stop: [], start: [] });
  });
});

test("a start says where, and with what: the nodes as a list, a dynamic child's own input before the template's", () => {
  const spec = specOf({ id: "a", actor: "x", input: 1, node: "n2" }, home);
  expect(startStep(newChild(spec))).toEqual({
    address: "shop-a",
    id: "a",
    actor: "x",
    input: 1,
    nodes: ["n2"],
    startWithinMs: 30_000,
  });
  expect(startStep({ ...newChild(spec), ownInput: { input: 2 } }).input).toBe(2);
  expect(startStep(newChild({ ...spec, node: ["n2", "n3"] })).nodes).toEqual(["n2", "n3"]);
});
