import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { crewMachine } from "../../machines/index.ts";
import type { ActorAddress, MessageId, ReplyTo } from "../../protocols/index.ts";

const [one, two] = ["crew.one", "crew.two"] as ActorAddress[] as [ActorAddress, ActorAddress];
const asker = (n: number): ReplyTo<{ result: unknown }> => ({
  $replyTo: `asker${n}`,
  question: `q-${n}` as MessageId,
});
const workFrom = (n: number) => ({ type: "work" as const, task: n, replyTo: asker(n) });
const done = (id: string, result: unknown) =>
  ({ type: `xstate.done.actor.${id}`, actorId: id, output: { result } }) as never;
const failed = (id: string, error: unknown) =>
  ({ type: `xstate.error.actor.${id}`, actorId: id, error }) as never;
const start = () => initialTransition(crewMachine, { workers: [one, two] })[0];

/** Who was sent what, of a list of actions. */
function said(actions: readonly { type: string; params?: unknown }[]): unknown[] {
  return actions.flatMap((action): unknown[] => {
    const { input, to, event } = (action.params ?? {}) as {
      input?: { to: string; with: unknown };
      to?: { $replyTo?: string };
      event?: unknown;
    };
    if (action.type === "xstate.spawnChild") return [{ assigned: input?.to, ...(input?.with as object) }];
    if (action.type === "xstate.sendTo") return [{ answered: to?.$replyTo, event }];
    return [];
  });
}

describe("the crew", () => {
  test("gives work to the worker that has been idle longest", () => {
    const [first, actions] = transition(crewMachine, start(), workFrom(1));
    expect(said(actions)).toEqual([{ assigned: one, task: 1 }]);
    const [second, more] = transition(crewMachine, first, workFrom(2));
    expect(said(more)).toEqual([{ assigned: two, task: 2 }]);
    const [third] = transition(crewMachine, second, done(two, "b"));
    const [fourth] = transition(crewMachine, third, done(one, "a"));
    expect(fourth.context.idle).toEqual([two, one]);
  });

  test("postpones work while nobody is idle, and takes it again when somebody is", () => {
    const [first] = transition(crewMachine, start(), workFrom(1));
    const [busy] = transition(crewMachine, first, workFrom(2));
    expect(busy.value).toBe("busy");
    expect(busy.getMeta()).toEqual({ "crew.busy": { postpone: ["work"] } });
    const [ready] = transition(crewMachine, busy, done(one, "a"));
    expect(ready.value).toBe("ready");
  });

  test("gives workers more than one piece at once if it may, each worker one before any gets two", () => {
    let [state] = initialTransition(crewMachine, { workers: [one, two], ahead: 2 });
    const assigned: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      const [next, actions] = transition(crewMachine, state, workFrom(n));
      assigned.push(...said(actions));
      state = next;
    }
    expect(assigned).toEqual([one, two, one, two].map((worker, task) => ({ assigned: worker, task })));
    expect(state.value).toBe("busy");
    const [after, actions] = transition(crewMachine, state, done(`${two}+1`, "d"));
    expect(said(actions)).toMatchObject([{ answered: "asker3" }]);
    expect(after.context.idle).toEqual([two]);
    expect(said(transition(crewMachine, after, workFrom(4))[1])).toEqual([{ assigned: two, task: 4 }]);
  });

  test("answers each asker with its own result, in whatever order they come back", () => {
    const [first] = transition(crewMachine, start(), workFrom(1));
    const [second] = transition(crewMachine, first, workFrom(2));
    const [third, b] = transition(crewMachine, second, done(two, "b"));
    const [, a] = transition(crewMachine, third, done(one, "a"));
    expect([...said(b), ...said(a)]).toEqual([
      { answered: "asker2", event: { type: "answer", value: { result: "b" } } },
      { answered: "asker1", event: { type: "answer", value: { result: "a" } } },
    ]);
  });

  test("tells a worker's failure to its asker, and goes on with that worker", () => {
    const [first] = transition(crewMachine, start(), workFrom(1));
    const [after, actions] = transition(crewMachine, first, failed(one, new Error("disk full")));
    expect(said(actions)).toEqual([{ answered: "asker1", event: { type: "refusal", reason: "disk full" } }]);
    expect(after.context).toMatchObject({ idle: [two, one], assigned: {} });
  });
});
