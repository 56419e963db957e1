import { describe, expect, test } from "vitest";
import type { ActorAddress, ChildSpecInput, SupervisorFlagsInput } from "../../../protocols/index.ts";
import { boom, Rehearsal, type Start } from "../../support/rehearsal.ts";

const self = "shop" as ActorAddress;
const child = (id: string, more: Partial<ChildSpecInput> = {}) => ({ id, actor: "clerk", ...more });

/** A supervisor that is up, and what it answers. */
function shop(flags: SupervisorFlagsInput = {}, children: readonly ChildSpecInput[] = [child("a")]) {
  const stage = new Rehearsal({ self, flags, children }).carryOut();
  stage.takeStory();
  return {
    stage,
    ask: (type: string, more: object = {}, ...starts: Start[]): unknown => {
      stage.ask({ type, ...more });
      stage.carryOut(...starts);
      return stage.answers.at(-1);
    },
  };
}
const simple = { strategy: "simple_one_for_one" } as const;
const no = (error: string) => ({ ok: false, error });

describe("starting a child", () => {
  test("answers where it is and which life it is", () => {
    const { stage, ask } = shop();
    const address = "shop.b";
    expect(ask("startChild", { child: child("b") })).toEqual({ ok: true, address, activation: "life-1" });
    expect(stage.takeStory()).toEqual(["start b"]);
  });

  test("hands its information through unchanged", () => {
    const { stage } = shop();
    stage.ask({ type: "startChild", child: child("b") });
    const info = { port: 80 };
    const started = [{ address: "shop.b" as ActorAddress, activation: "life", info }];
    const nothing = { stopped: [], ignored: [], halted: false, atMs: 0, chance: 0 };
    stage.send({ type: "carriedOut", ...nothing, started });
    expect(stage.answers).toEqual([{ ok: true, address: "shop.b", activation: "life", info }]);
  });

  test("beyond childrenMax is refused, and possible again when one has gone", () => {
    const { ask } = shop({ childrenMax: 2 }, [child("a"), child("b")]);
    expect(ask("startChild", { child: child("c") })).toEqual(no("children_max"));
    ask("terminateChild", { id: "a" });
    ask("deleteChild", { id: "a" });
    expect(ask("startChild", { child: child("c") })).toMatchObject({ ok: true, address: "shop.c" });
    const dynamic = shop({ ...simple, childrenMax: 1 });
    expect(dynamic.ask("startChild")).toMatchObject({ ok: true });
    expect(dynamic.ask("startChild")).toEqual(no("children_max"));
  });

  test("under an id in use is already_started while that runs, already_present while it does not", () => {
    const { ask } = shop();
    const started = { ...no("already_started"), address: "shop.a", activation: "life-0" };
    expect(ask("startChild", { child: child("a") })).toEqual(started);
    ask("terminateChild", { id: "a" });
    expect(ask("startChild", { child: child("a") })).toEqual(no("already_present"));
  });

  test("that does not come up answers why, and its spec is thrown away", () => {
    const { ask } = shop();
    const failed = { ...no("start_failed"), reason: "no start", code: "ACTOR_FAILED" };
    expect(ask("startChild", { child: child("b") }, "fails")).toEqual(failed);
    expect(ask("getChild", { id: "b" })).toEqual(no("not_found"));
  });

  test("that declines keeps its spec, unless it is temporary", () => {
    const { ask } = shop();
    const ignored = { ok: true, ignored: true };
    expect(ask("startChild", { child: child("b") }, "declines")).toEqual(ignored);
    expect(ask("startChild", { child: child("c", { restart: "temporary" }) }, "declines")).toEqual(ignored);
    expect(ask("countChildren")).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 });
  });

  test("with a faulty spec answers which fault it is", () => {
    const { ask } = shop();
    const answer = ask("startChild", { child: child("b", { shutdownMs: -1 }) });
    expect(answer).toMatchObject({ ...no("spec_invalid"), fault: "bad_shutdown" });
    expect(ask("startChild")).toMatchObject({ ...no("spec_invalid"), fault: "missing_id" });
  });
});

describe("terminating, restarting and deleting a child", () => {
  test("answer as OTP's calls do", () => {
    const { ask } = shop();
    for (const type of ["terminateChild", "restartChild", "deleteChild"])
      expect(ask(type, { id: "b" })).toEqual(no("not_found"));
    expect(ask("restartChild", { id: "a" })).toEqual(no("running"));
    expect(ask("deleteChild", { id: "a" })).toEqual(no("running"));
    expect(ask("terminateChild", { id: "a" })).toEqual({ ok: true });
    expect(ask("terminateChild", { id: "a" })).toEqual({ ok: true });
    expect(ask("restartChild", { id: "a" })).toMatchObject({ ok: true, activation: "life-1" });
    ask("terminateChild", { id: "a" });
    expect(ask("deleteChild", { id: "a" })).toEqual({ ok: true });
    expect(ask("restartChild", { id: "a" })).toEqual(no("not_found"));
  });

  test("forget a temporary child as soon as it is terminated", () => {
    const { ask } = shop({}, [child("a", { restart: "temporary" })]);
    expect(ask("terminateChild", { id: "a" })).toEqual({ ok: true });
    expect(ask("restartChild", { id: "a" })).toEqual(no("not_found"));
  });

  test("cannot touch a child that is being restarted, but to cancel that", () => {
    const { stage, ask } = shop({ intensity: 5 });
    stage.end("shop.a");
    stage.carryOut("fails");
    expect(ask("whichChildren")).toMatchObject({ children: [{ id: "a", state: "restarting" }] });
    expect(ask("startChild", { child: child("a") })).toEqual(no("already_present"));
    expect(ask("restartChild", { id: "a" })).toEqual(no("restarting"));
    expect(ask("deleteChild", { id: "a" })).toEqual(no("restarting"));
    expect(ask("terminateChild", { id: "a" })).toEqual({ ok: true });
    stage.ring();
    expect(stage.busy).toBe(false);
    expect(ask("restartChild", { id: "a" })).toMatchObject({ ok: true });
  });

  test("restart a child that fails to start: the answer says so and the spec stays", () => {
    const { ask } = shop();
    ask("terminateChild", { id: "a" });
    expect(ask("restartChild", { id: "a" }, "fails")).toMatchObject(no("start_failed"));
    expect(ask("restartChild", { id: "a" }, "declines")).toEqual({ ok: true, ignored: true });
    expect(ask("restartChild", { id: "a" })).toMatchObject({ ok: true });
  });
});

describe("simple_one_for_one", () => {
  const template = child("clerk", { restart: "transient", input: { tag: "x", depth: 1 } });

  test("starts children of the template, with their own input over the template's", () => {
    const { stage, ask } = shop(simple, [template]);
    expect(ask("startChild")).toEqual({ ok: true, address: "shop.1", activation: "life-0" });
    expect(ask("startChild", { input: { tag: "y" } })).toMatchObject({ address: "shop.2" });
    expect(ask("startChild", { input: 7 })).toMatchObject({ address: "shop.3" });
    const inputs = stage.plans.flatMap(({ start }) => start.map(({ input }) => input));
    expect(inputs).toEqual([{ tag: "x", depth: 1 }, { tag: "y", depth: 1 }, 7]);
    stage.end("shop.2");
    expect(stage.plans.at(-1)?.start).toMatchObject([{ address: "shop.2", input: { tag: "y", depth: 1 } }]);
  });

  test("is administered by address; an address that was its own once is fine to terminate", () => {
    const { ask } = shop(simple, [template]);
    ask("startChild");
    for (const type of ["terminateChild", "restartChild", "deleteChild"])
      expect(ask(type, { id: "clerk" })).toEqual(no("simple_one_for_one"));
    expect(ask("terminateChild", { address: "shop.2" })).toEqual(no("not_found"));
    expect(ask("terminateChild", { address: "other.1" })).toEqual(no("not_found"));
    expect(ask("terminateChild", { address: "shop.1" })).toEqual({ ok: true });
    expect(ask("terminateChild", { address: "shop.1" })).toEqual({ ok: true });
    expect(ask("countChildren")).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 0 });
  });

  test("keeps nothing of a child that declines or fails to start, nor of one that declines a restart", () => {
    const { stage, ask } = shop(simple, [template]);
    expect(ask("startChild", {}, "declines")).toEqual({ ok: true, ignored: true });
    expect(ask("startChild", {}, "fails")).toMatchObject(no("start_failed"));
    ask("startChild");
    stage.end("shop.3");
    stage.carryOut("declines");
    expect(ask("whichChildren")).toMatchObject({ children: [] });
  });

  test("keeps no input of temporary children", () => {
    const { stage, ask } = shop(simple, [child("clerk", { restart: "temporary" })]);
    ask("startChild", { input: { secret: 1 } });
    expect(stage.plans.at(-1)?.start[0]?.input).toEqual({ secret: 1 });
    expect(JSON.stringify(stage.snapshot.context)).not.toContain("secret");
  });

  test("gives the template as the one spec there is", () => {
    const { ask } = shop(simple, [template]);
    expect(ask("getChild", { id: "clerk" })).toMatchObject({ ok: true, spec: { id: "clerk" } });
    expect(ask("getChild", { id: "1" })).toEqual(no("not_found"));
  });
});

describe("a new list of children", () => {
  test("replaces a changed spec while its child goes on, lists a new one unstarted, keeps a missing one", () => {
    const { stage, ask } = shop({}, [child("a"), child("b")]);
    const children = [child("a", { shutdownMs: 77 }), child("c")];
    expect(ask("replaceChildren", { children, flags: { intensity: 7 } })).toEqual({ ok: true });
    const listed = ask("whichChildren") as { children: { id: string; activation?: string }[] };
    expect(listed.children.map(({ id, activation }) => [id, activation])).toEqual([
      ["b", "life-1"],
      ["c", undefined],
      ["a", "life-0"],
    ]);
    expect(ask("getChild", { id: "a" })).toMatchObject({ spec: { shutdownMs: 77 } });
    expect(stage.snapshot.context.flags).toMatchObject({ intensity: 7, periodMs: 5_000 });
    expect(stage.takeStory()).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["no list", { children: 3 }, "bad_children"],
    ["a faulty spec", { children: [{ id: "a" }] }, "missing_actor"],
    ["faulty flags", { children: [], flags: { intensity: -1 } }, "bad_intensity"],
    ["another kind of supervisor", { children: [child("a")], flags: simple }, "bad_strategy"],
    ["another address of a child", { children: [child("a", { address: "b" })] }, "bad_address"],
    [
      "the address of one that is kept",
      { children: [child("c", { address: "shop.a" })] },
      "duplicate_address",
    ],
  ])("that is %s is refused, and changes nothing", (_what, list, fault) => {
    const { stage, ask } = shop();
    const before = stage.snapshot.context;
    expect(ask("replaceChildren", list)).toMatchObject({ ...no("spec_invalid"), fault });
    expect(stage.snapshot.context).toEqual(before);
  });

  test("is a new template for simple_one_for_one, which the children take with their next start", () => {
    const { stage, ask } = shop(simple, [child("clerk")]);
    ask("startChild");
    expect(ask("replaceChildren", { children: [child("clerk", { actor: "robot" })] })).toEqual({ ok: true });
    stage.end("shop.1", boom);
    expect(stage.plans.at(-1)?.start).toMatchObject([{ address: "shop.1", actor: "robot" }]);
  });
});
