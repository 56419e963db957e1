import { describe, expect, test } from "vitest";
import { createActor } from "xstate";
import { type SupervisorInput, supervisorMachine } from "../../machines/index.ts";
import type {
  ActorAddress,
  ActorOutcome,
  ChildSpecInput,
  SupervisorFlagsInput,
} from "../../protocols/index.ts";
import { boom, Rehearsal, type Start } from "../support/rehearsal.ts";

const self = "shop" as ActorAddress;
const child = (id: string, more: Partial<ChildSpecInput> = {}) => ({ id, actor: "clerk", ...more });
const done: ActorOutcome = { kind: "done" };

function begin(flags: SupervisorFlagsInput, ids: string, more: Partial<ChildSpecInput> = {}): Rehearsal {
  return new Rehearsal({ self, flags, children: [...ids].map((id) => child(id, more)) });
}

/** A supervisor that is up, with its story still to come. */
function shop(flags: SupervisorFlagsInput, ids = "abc", more: Partial<ChildSpecInput> = {}): Rehearsal {
  const stage = begin(flags, ids, more).carryOut();
  stage.takeStory();
  return stage;
}

/** A child ends, and what follows is carried out. */
function fail(stage: Rehearsal, id: string, outcome = boom, ...starts: Start[]): string[] {
  stage.end(`shop.${id}`, outcome);
  stage.carryOut(...starts);
  return stage.takeStory();
}

describe("the start of a supervisor", () => {
  test("is up once all children are, from left to right", () => {
    const stage = begin({}, "cab");
    expect([stage.state, stage.snapshot.hasTag("starting")]).toEqual(["starting.rising", true]);
    stage.carryOut();
    expect([stage.state, stage.snapshot.hasTag("starting")]).toEqual(["supervising.idle", false]);
    expect(stage.takeStory()).toEqual(["start c", "start a", "start b"]);
  });

  test("fails with the first child that does; those before it stop, last first", () => {
    const stage = begin({}, "abcd").carryOut("up", "up", "fails");
    expect([stage.state, stage.snapshot.hasTag("starting")]).toEqual(["abandoning", true]);
    stage.carryOut();
    expect(stage.takeStory()).toEqual(["start a", "start b", "fail c", "stop b", "stop a"]);
    expect(stage.lastWords).toEqual([{ type: "stop", reason: "failed_to_start_child c: no start" }]);
    expect([stage.state, stage.running.size]).toEqual(["closed", 0]);
  });

  test("is left at the step at hand when it is asked to stop", () => {
    const stage = begin({}, "abc");
    stage.step();
    stage.shutdown("enough");
    expect(stage.state).toBe("starting.halting");
    stage.carryOut();
    stage.shutdown("once more");
    stage.carryOut();
    expect(stage.takeStory()).toEqual(["start a", "stop a"]);
    expect(stage.lastWords).toEqual([{ type: "stop", reason: "enough" }]);
  });

  test("is declined when there is nothing to supervise", () => {
    const stage = new Rehearsal({ self, children: "ignore" });
    expect([stage.state, stage.snapshot.status, stage.lastWords]).toEqual(["ignored", "done", []]);
  });

  test("with flags that do not hold fails with the fault", () => {
    const input: SupervisorInput = { self, flags: { intensity: -1 }, children: [] };
    const actor = createActor(supervisorMachine, { input });
    const errors: unknown[] = [];
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.start();
    expect(errors).toMatchObject([{ code: "SUPERVISOR_INVALID", details: { fault: "bad_intensity" } }]);
  });

  test("restarts a child that ended while the others were started", () => {
    const stage = begin({}, "ab");
    stage.step();
    stage.end("shop.a");
    stage.carryOut();
    expect(stage.state).toBe("supervising.working.carrying");
    stage.carryOut();
    expect(stage.takeStory()).toEqual(["start a", "end a", "start b", "start a", "restarted a"]);
  });
});

describe("a failure", () => {
  test("concerns the child alone with one_for_one", () => {
    expect(fail(shop({}), "b")).toEqual(["end b", "start b", "restarted b"]);
  });

  test("concerns all with one_for_all, and counts once", () => {
    const stage = shop({ strategy: "one_for_all" });
    expect(fail(stage, "b")).toEqual([
      "end b",
      ...["stop c", "stop a", "start a", "start b", "start c"],
      "restarted b",
    ]);
    expect(stage.facts).toEqual([
      { type: "restarted", child: "b", address: "shop.b", reason: "boom", count: 1, windowMs: 5_000 },
    ]);
  });

  test("concerns those after it with rest_for_one", () => {
    const story = ["end b", "stop d", "stop c", "start b", "start c", "start d", "restarted b"];
    expect(fail(shop({ strategy: "rest_for_one" }, "abcd"), "b")).toEqual(story);
  });

  test("of an earlier life is nothing to the one that runs", () => {
    const stage = shop({ strategy: "one_for_all", intensity: 9 });
    stage.end("shop.a");
    stage.end("shop.b");
    stage.carryOut();
    expect(stage.state).toBe("supervising.idle");
    expect(stage.restartsAtMs).toHaveLength(1);
    expect([...stage.running.keys()].sort()).toEqual(["shop.a", "shop.b", "shop.c"]);
  });

  test("while another is seen to is decided after it, in order", () => {
    const stage = shop({ intensity: 9 });
    stage.end("shop.a");
    stage.end("shop.c");
    stage.end("shop.b");
    stage.carryOut().carryOut().carryOut();
    expect(stage.facts.map(({ child }) => child)).toEqual(["a", "c", "b"]);
  });

  test("of someone who is no child is ignored", () => {
    const stage = shop({});
    const stray = { address: "nobody" as ActorAddress, activation: "x", outcome: boom, atMs: 0, chance: 0 };
    stage.send({ type: "coxswain.down", ...stray });
    expect([stage.state, stage.takeStory()]).toEqual(["supervising.idle", []]);
  });

  test("a child that ended well or was stopped before is started again with all the others", () => {
    const stage = shop({ strategy: "one_for_all" }, "abc", { restart: "transient" });
    expect(fail(stage, "a", done)).toEqual(["end a"]);
    stage.ask({ type: "terminateChild", id: "b" });
    stage.carryOut();
    stage.takeStory();
    expect(fail(stage, "c")).toEqual(["end c", "start a", "start b", "start c", "restarted c"]);
  });
});

describe("a restart that fails", () => {
  test("is tried again by an event of its own, each try counts, and then the supervisor gives up", () => {
    const stage = shop({ intensity: 4 }, "ab");
    fail(stage, "b", boom, "fails");
    for (let n = 0; n < 4; n++) {
      expect(stage.state).toBe("supervising.idle");
      stage.ring();
      stage.carryOut("fails");
    }
    stage.carryOut();
    const tries = ["fail b", "restartFailed b"];
    expect(stage.takeStory()).toEqual([...tries, ...tries, ...tries, "gaveUp b", "escalated b", "stop a"]);
    expect(stage.facts.slice(-2)).toEqual([
      { type: "gaveUp", child: "b", reason: "no start", count: 5, windowMs: 5_000 },
      { type: "escalated", child: "b", reason: "no start", to: "system", count: 5, windowMs: 5_000 },
    ]);
    expect([stage.state, stage.lastWords]).toEqual([
      "closed",
      [{ type: "stop", reason: "gave up on b: no start" }],
    ]);
  });

  test("goes on from the child that did not start with rest_for_one", () => {
    const stage = shop({ strategy: "rest_for_one", intensity: 9 }, "123");
    const story = fail(stage, "1", boom, "up", "fails");
    stage.ring();
    stage.carryOut("fails");
    stage.ring();
    stage.carryOut();
    const tried = [...story, ...stage.takeStory()].filter((line) => /^(start|fail) /.test(line));
    expect(tried).toEqual(["start 1", "fail 2", "fail 2", "start 2", "start 3"]);
  });

  test("stops those already up and starts all again with one_for_all", () => {
    const stage = shop({ strategy: "one_for_all", intensity: 9 }, "123");
    fail(stage, "1", boom, "up", "fails");
    stage.ring();
    stage.carryOut();
    expect(stage.takeStory()).toEqual(["stop 1", "start 1", "start 2", "start 3", "restarted 2"]);
  });

  test("is forgotten when an earlier child's restart brings the child up, or fails before it", () => {
    for (const starts of [["up", "up"], ["fails"]] as Start[][]) {
      const stage = shop({ strategy: "rest_for_one", intensity: 9 }, "12");
      fail(stage, "2", boom, "fails");
      fail(stage, "1", boom, ...starts);
      const { restarts } = stage.snapshot.context;
      stage.ring();
      expect([stage.busy, stage.snapshot.context.restarts]).toEqual([false, restarts]);
    }
  });

  test("is tried again for one of many children of a template too", () => {
    const stage = shop({ strategy: "simple_one_for_one", intensity: 9 }, "x");
    stage.ask({ type: "startChild" });
    stage.carryOut();
    stage.takeStory();
    fail(stage, "1", boom, "fails");
    stage.ring();
    stage.carryOut();
    expect(stage.takeStory()).toEqual(["start 1", "restarted shop.1"]);
  });

  test("waits longer each time with a back-off, less what chance takes off", () => {
    const backoff = { initialMs: 100, maxMs: 350, jitter: 0.2 };
    const stage = shop({ intensity: 9, backoff }, "a");
    fail(stage, "a", boom, "fails");
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      waits.push((stage.timers[0]?.dueMs ?? 0) - stage.nowMs);
      stage.ring();
      stage.carryOut("fails");
    }
    expect(waits).toEqual([90, 180, 315, 315]);
  });

  test("can be stopped while it is waited for, and while it is under way", () => {
    const waiting = shop({ intensity: 9 }, "ab");
    fail(waiting, "b", boom, "fails");
    waiting.shutdown();
    waiting.carryOut();
    expect([waiting.state, waiting.takeStory()]).toEqual(["closed", ["stop a"]]);

    const underWay = shop({ strategy: "one_for_all" });
    underWay.end("shop.a");
    underWay.step();
    underWay.shutdown();
    expect(underWay.state).toBe("supervising.working.halting");
    underWay.carryOut().carryOut();
    expect([underWay.state, underWay.takeStory()]).toEqual(["closed", ["end a", "stop c", "stop b"]]);
  });
});

describe("the intensity", () => {
  test("bears as many restarts as it says, and with the next all children stop", () => {
    const stage = shop({ intensity: 2 });
    fail(stage, "a");
    fail(stage, "a");
    stage.end("shop.a");
    expect([stage.state, stage.takeStory()]).toEqual(["closing", ["end a", "gaveUp a", "escalated a"]]);
    stage.shutdown();
    stage.carryOut();
    expect([stage.state, stage.takeStory()]).toEqual(["closed", ["stop c", "stop b"]]);
  });

  test("forgets what the period has left behind", () => {
    const stage = shop({ intensity: 1, periodMs: 1_000 });
    for (let n = 0; n < 5; n++) {
      fail(stage, "a");
      stage.nowMs += 1_001;
    }
    expect(stage.facts.map(({ type, count }) => [type, count])).toEqual(Array(5).fill(["restarted", 1]));
  });

  test("counts a permanent child that is done like a failure, a temporary one never", () => {
    const permanent = shop({ intensity: 0 }, "a");
    expect(fail(permanent, "a", done)).toEqual(["end a", "gaveUp a", "escalated a"]);
    const temporary = shop({ intensity: 0 }, "abc", { restart: "temporary" });
    for (const id of "abc") fail(temporary, id);
    expect([temporary.state, temporary.facts]).toEqual(["supervising.idle", []]);
  });

  test("does not count what the operator does", () => {
    const stage = shop({ intensity: 0 }, "a");
    for (const type of ["terminateChild", "restartChild"]) {
      stage.ask({ type, id: "a" });
      stage.carryOut();
    }
    expect([stage.state, stage.snapshot.context.restarts]).toEqual(["supervising.idle", []]);
  });

  test("exceeded is escalated to the supervisor's own supervisor", () => {
    const children = [child("a")];
    const input = { self, supervisor: "mall" as ActorAddress, flags: { intensity: 0 }, children };
    const stage = new Rehearsal(input).carryOut();
    stage.end("shop.a");
    const counted = { count: 1, windowMs: 5_000 };
    expect(stage.facts.at(-1)).toEqual({
      type: "escalated",
      child: "a",
      reason: "boom",
      to: "mall",
      ...counted,
    });
  });
});

describe("a child that fails again each time before its restart is told of", () => {
  /** @returns how many plans followed each other */
  function storm(stage: Rehearsal): number {
    const before = stage.restartsAtMs.length;
    stage.end("shop.a");
    while (stage.state.startsWith("supervising.working")) {
      stage.step();
      stage.end("shop.a");
      stage.carryOut();
    }
    return stage.restartsAtMs.length - before;
  }

  test("keeps those who ask for a change waiting for eight restarts, and no more", () => {
    const stage = shop({ intensity: 99 }, "ab");
    expect([storm(stage), stage.state]).toEqual([8, "supervising.pausing"]);
    stage.ask({ type: "terminateChild", id: "a" });
    stage.carryOut();
    expect([stage.answers, stage.state]).toEqual([[{ ok: true }], "supervising.idle"]);
    stage.ring();
    expect(stage.state).toBe("supervising.idle");
  });

  test("is restarted on if nobody asks", () => {
    const stage = shop({ intensity: 99 }, "ab");
    storm(stage);
    stage.ask({ type: "deleteChild", id: "a" });
    expect(stage.answers).toEqual([{ ok: false, error: "running" }]);
    stage.ring();
    expect(stage.state).toBe("supervising.working.carrying");
    stage.carryOut();
    expect(stage.state).toBe("supervising.idle");
    expect(storm(stage)).toBe(8);
  });

  test("does not keep the supervisor from its end", () => {
    const stage = shop({ intensity: 99 }, "ab");
    storm(stage);
    stage.shutdown();
    stage.carryOut();
    expect(stage.state).toBe("closed");
  });
});

describe("the end of a supervisor", () => {
  test("stops its children against the order of their starting, and gives the reason it was given", () => {
    const stage = shop({});
    stage.shutdown("tired");
    stage.carryOut();
    expect([stage.takeStory(), stage.lastWords]).toEqual([
      ["stop c", "stop b", "stop a"],
      [{ type: "stop", reason: "tired" }],
    ]);
  });

  test("tells an asker whose child is neither started nor stopped that it is stopping", () => {
    const stage = shop({});
    stage.ask({ type: "startChild", child: child("d") });
    stage.shutdown();
    stage.carryOut();
    expect(stage.answers).toEqual([{ ok: false, error: "stopping" }]);
  });
});

test("changes wait while a plan is carried out or the supervisor comes up or goes down; lists do not", () => {
  const stage = begin({}, "a");
  const waits = (): unknown[] =>
    Object.values(stage.snapshot.getMeta() as Record<string, { postpone?: string[] }>).flatMap(
      ({ postpone = [] }) => postpone,
    );
  const changes = ["startChild", "terminateChild", "restartChild", "deleteChild", "replaceChildren"];
  expect(waits()).toEqual(changes);
  stage.carryOut();
  expect(waits()).toEqual([]);
  stage.end("shop.a");
  expect(waits()).toEqual(changes);
  expect(stage.ask({ type: "whichChildren" })).toMatchObject({ children: [{ state: "restarting" }] });
  expect(stage.ask({ type: "countChildren" })).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  stage.shutdown();
  stage.carryOut();
  expect(waits()).toEqual(changes);
});
