import { getShortestPaths } from "@xstate/graph";
import { describe, expect, test } from "vitest";
import { initialTransition, transition } from "xstate";
import { fanOutMachine } from "../../machines/index.ts";
import { CoxswainError, type MessageId } from "../../protocols/index.ts";

const branches = ["service", "messaging", "database"].map((name) => ({
  name,
  to: `crew.${name}`,
  task: name,
}));
const run = (mode: "parallel" | "sequence", atMost = 16) => ({
  type: "run" as const,
  branches,
  mode,
  atMost,
  withinMs: 1_000,
  replyTo: { $replyTo: "asker", question: "q-1" as MessageId },
});
const back = (name: string) =>
  ({
    type: `xstate.done.actor.branch:${name}`,
    actorId: `branch:${name}`,
    output: { result: name },
  }) as never;
const broke = (name: string) =>
  ({
    type: `xstate.error.actor.branch:${name}`,
    actorId: `branch:${name}`,
    error: new CoxswainError("UNREACHABLE", "nobody"),
  }) as never;

const backEmpty = (name: string) =>
  ({
    type: `xstate.done.actor.branch:${name}`,
    actorId: `branch:${name}`,
    output: { result: undefined },
  }) as never;

interface Sent {
  readonly id: string;
  readonly event: { value: { results: { ok: boolean; name: string }[] } };
}

/** Plays events from the start; what was asked, and what the asker got. */
function play(first: unknown, events: unknown[]) {
  let [state] = initialTransition(fanOutMachine);
  const asked: string[] = [];
  let reply: { ok: boolean; name: string }[] | undefined;
  for (const event of [first, ...events]) {
    const [next, actions] = transition(fanOutMachine, state, event as never);
    state = next;
    for (const { type, params } of actions as { type: string; params: Sent }[]) {
      if (type === "xstate.spawnChild") asked.push(params.id.slice("branch:".length));
      if (type === "xstate.sendTo") reply = params.event.value.results;
    }
  }
  return { state: state.value, asked, reply };
}

describe("the fan-out", () => {
  test("in parallel asks everybody at once and answers in the order given, whoever comes back first", () => {
    const { state, asked, reply } = play(run("parallel"), [
      back("database"),
      back("service"),
      back("messaging"),
    ]);
    expect(asked).toEqual(["service", "messaging", "database"]);
    expect(reply?.map((result) => result.name)).toEqual(["service", "messaging", "database"]);
    expect(state).toBe("idle");
  });

  test("asks no more than atMost at a time", () => {
    expect(play(run("parallel", 2), []).asked).toEqual(["service", "messaging"]);
    expect(play(run("parallel", 2), [back("messaging")]).asked).toEqual(["service", "messaging", "database"]);
  });

  test("in parallel one failure spoils no other branch: two results and one error, in any order", () => {
    const orders = [
      [broke("messaging"), back("service"), back("database")],
      [back("service"), broke("messaging"), back("database")],
      [back("database"), back("service"), broke("messaging")],
    ];
    for (const order of orders) {
      const { reply } = play(run("parallel"), order);
      expect(reply).toMatchObject([{ ok: true }, { ok: false, code: "UNREACHABLE" }, { ok: true }]);
    }
  });

  test("in sequence asks one after the other and stops at the first failure", () => {
    expect(play(run("sequence"), []).asked).toEqual(["service"]);
    const { asked, reply, state } = play(run("sequence"), [back("service"), broke("messaging")]);
    expect(asked).toEqual(["service", "messaging"]);
    expect(reply).toMatchObject([
      { name: "service", ok: true },
      { name: "messaging", ok: false },
    ]);
    expect(state).toBe("idle");
  });

  test("keeps no result of an earlier run", () => {
    const again = { ...run("parallel"), branches: branches.slice(0, 1) };
    const { reply } = play(run("parallel"), [
      back("database"),
      back("service"),
      broke("messaging"),
      again,
      back("service"),
    ]);
    expect(reply).toEqual([{ name: "service", ok: true, result: "service" }]);
  });

  test("every way through its graph ends in an answer: nothing runs while it is idle", () => {
    const names = branches.map((branch) => branch.name);
    const paths = getShortestPaths(fanOutMachine, {
      events: [run("parallel", 2), run("sequence"), ...names.map(back), ...names.map(broke)] as never[],
      serializeState: (state: unknown) => {
        const { asked, results, mode, atMost } = (
          state as { context: { asked: number; results: object; mode: string; atMost: number } }
        ).context;
        return JSON.stringify([(state as { value: unknown }).value, asked, results, mode, atMost]);
      },
    } as never);
    const states = new Set(paths.map((path) => path.state.value));
    expect(states).toEqual(new Set(["idle", "running"]));
    for (const { state } of paths) {
      const running = state.context.asked - Object.keys(state.context.results).length;
      expect(running === 0).toBe(state.value === "idle");
    }
  });
});

test("a branch whose work returned nothing counts as null, which can travel", () => {
  const { reply } = play(run("parallel"), [back("service"), backEmpty("messaging"), back("database")]);
  expect(reply?.[1]).toEqual({ name: "messaging", ok: true, result: null });
});
