import { describe, expect, test } from "vitest";
import { z } from "zod";
import { actorAddress, defineProtocol, question, type ReplyTo } from "../../protocols/index.ts";
import type { ReducerBehaviour, ReducerTurn } from "../../src/actor.ts";
import type { Cell } from "../../src/cell.ts";
import { ReducerHost } from "../../src/reducer-host.ts";

const tally = defineProtocol({
  name: "tally",
  accepts: { add: question(z.object({}), z.object({ count: z.number() })) },
  emits: { added: z.object({}) },
});

/** A reducer in a cell that notes what is done. */
function hosted(
  receive: (count: number, message: { type: string }, turn: ReducerTurn<typeof tally>) => unknown,
) {
  const done: unknown[] = [];
  const cell = {
    address: actorAddress("tally.one"),
    env: { nowMs: () => 1_000 },
    may: true,
    mayRelease: () => cell.may,
    send: (to: object, event: object) => done.push({ to, event }),
    emit: (event: object) => done.push({ emitted: event }),
    endWith: (outcome: object) => done.push({ ends: outcome }),
    withheld: (kind: string, what: string) => done.push(`withheld: ${kind} ${what}`),
    failed: (error: Error) => done.push(`failed: ${error.message}`),
  };
  const reducer = { initial: () => 0, receive } as unknown as ReducerBehaviour;
  const host = new ReducerHost(reducer, cell as unknown as Cell, undefined);
  const say = (type: string, name?: string): unknown[] => {
    const asker = name === undefined ? {} : { replyTo: { $replyTo: name } as unknown as ReplyTo };
    host.receive({ type, ...asker });
    return done.splice(0);
  };
  return { host, say, cell, done };
}

describe("a reducer's turn", () => {
  test("knows who and when it is", () => {
    const { host, say } = hosted((_, __, { self, nowMs }) => ({ self, nowMs }));
    say("add");
    expect(host.persist()).toEqual({ self: "tally.one", nowMs: 1_000 });
  });

  test("answers the question at hand, and nothing where nobody asked", () => {
    const { say } = hosted((count, _, turn) => {
      turn.reply({ count: count + 1 });
      return count + 1;
    });
    expect(say("add", "a")).toMatchObject([
      { to: { $replyTo: "a" }, event: { type: "answer", value: { count: 1 } } },
    ]);
    expect(say("add", "b")).toMatchObject([
      { to: { $replyTo: "b" }, event: { type: "answer", value: { count: 2 } } },
    ]);
    expect(say("add")).toEqual([]);
  });

  test("does what it wants when it has returned, once, in order", () => {
    const { say } = hosted((count, { type }, turn) => {
      if (type === "rest") return count;
      turn.tell(tally, actorAddress("other.one"), { type: "add" });
      turn.emit({ type: "added" });
      turn.refuse("full");
      turn.stop("over");
      turn.stop();
      return count;
    });
    expect(say("add", "a")).toMatchObject([
      { to: { $to: "other.one", protocol: tally }, event: { type: "add" } },
      { emitted: { type: "added" } },
      { to: { $replyTo: "a" }, event: { type: "refusal", reason: "full" } },
      { ends: { kind: "stopped", reason: "over" } },
      { ends: { kind: "stopped" } },
    ]);
    expect(say("rest")).toEqual([]);
  });

  test("does nothing of it where the reducer throws, nor later", () => {
    let throws = true;
    const { say } = hosted((count, _, turn) => {
      if (throws) turn.emit({ type: "added" });
      if (throws) throw new Error("broken");
      return count;
    });
    expect(say("add")).toEqual(["failed: broken"]);
    throws = false;
    expect(say("add")).toEqual([]);
  });

  test("withholds what its cell may not do any more", () => {
    const { say, cell } = hosted((count, _, turn) => {
      turn.emit({ type: "added" });
      return count;
    });
    cell.may = false;
    expect(say("add")).toEqual(["withheld: send of a reducer"]);
  });

  test("forgoes what it wanted when the actor is stopped in the midst of it", () => {
    const { say, host } = hosted((count, _, turn) => {
      turn.emit({ type: "added" });
      host.stop();
      return count;
    });
    expect(say("add")).toEqual([]);
  });
});
