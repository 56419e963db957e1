import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { granting, grantsMachine } from "../../../machines/index.ts";
import { actorAddress } from "../../../protocols/index.ts";
import { terms } from "./requests.ts";

const by = actorAddress("desk");
const first = granting.issued(granting.emptyGrantBook, { id: "root", by, terms: terms() }, "t1", 1_000);
if (!first.ok) throw new Error(first.reason);
const [resting] = initialTransition(grantsMachine, { root: "t1", book: first.book });
const clock = { type: "xstate.done.actor.0.grants.looking", output: 1_000, actorId: "now" } as never;

describe("the machine of a book of grants", () => {
  test("takes nothing for a call that was given up before the time was known", () => {
    const spend = { type: "spend", id: "root", reservation: "r1", at: { tokens: 60 } } as const;
    const [looking] = transition(grantsMachine, resting, spend);
    const [given] = transition(grantsMachine, looking, { type: "settle", reservation: "r1", came: {} });
    const [after] = transition(grantsMachine, given, clock);
    expect(after.context.book).toEqual(first.book);
    // Else it would have.
    const [taken] = transition(grantsMachine, looking, clock);
    expect(granting.leftOf(taken.context.book, "root")).toEqual({ tokens: 40 });
  });

  test("gives nothing that was revoked before the time was known", () => {
    const child = terms({ depth: 0 });
    const issue = { type: "issue", id: "one", parent: "root", by, terms: child } as const;
    const [looking] = transition(grantsMachine, resting, issue);
    const [revoked] = transition(grantsMachine, looking, { type: "revoke", id: "one", reason: "over" });
    expect(Object.keys(transition(grantsMachine, revoked, clock)[0].context.book.grants)).toEqual(["root"]);
    const [given] = transition(grantsMachine, looking, clock);
    expect(given.value).toBe("sealing");
    expect(Object.keys(given.context.book.grants)).toEqual(["root", "one"]);
  });
});
