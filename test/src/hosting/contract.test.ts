import { describe, expect, test, vi } from "vitest";
import { type ActorOutcome, lifecycle } from "../../../protocols/index.ts";
import { counterActor } from "../../support/counter.ts";
import { rejection, twoNodes } from "../../support/systems.ts";
import { clerk } from "./clerk.ts";
import { clerkIn, places } from "./definitions.ts";

vi.setConfig({ testTimeout: 60_000 });

type Nodes = Awaited<ReturnType<typeof twoNodes>>;

async function settled({ a, b }: Nodes): Promise<void> {
  await expect
    .poll(() => {
      const [one, two] = [a.counts, b.counts];
      return (
        one.sent + two.sent - one.handled - two.handled - one.refused - two.refused - one.dead - two.dead
      );
    })
    .toBe(0);
}

describe.each(places)("an actor hosted in: %s", (place) => {
  test("is asked and told, answers, refuses, emits and logs, in order", async () => {
    await using nodes = await twoNodes();
    const { a, b, reports } = nodes;
    await a.spawn("clerk", clerkIn(place), { input: { notes: ["first"] } });
    const ref = b.ref("clerk", clerk);
    const heard: string[] = [];
    ref.on("announced", ({ text }) => void heard.push(text));
    expect(await ref.ask({ type: "echo", text: "hello ⚓" })).toEqual({ text: "hello ⚓" });
    for (let n = 0; n < 50; n++) ref.tell({ type: "note", text: `${n}` });
    const { notes } = await ref.ask({ type: "read" });
    expect(notes).toEqual(["first", ...Array.from({ length: 50 }, (_, n) => `${n}`)]);
    expect(await rejection(ref.ask({ type: "decline" }))).toMatchObject({
      code: "REFUSED",
      message: "not today",
    });
    ref.tell({ type: "burst", times: 20 });
    ref.tell({ type: "say", text: "all hands" });
    await expect.poll(() => heard).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
    await expect.poll(() => reports.map(({ message }) => message)).toContain("all hands");
    await settled(nodes);
  });

  test("takes nothing its state does not take, and keeps what its state holds back", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const ref = await a.spawn("clerk", clerkIn(place));
    expect(await rejection(ref.ask({ type: "unlock" } as never))).toMatchObject({ code: "MESSAGE_INVALID" });
    ref.tell({ type: "lock" });
    expect((await rejection(ref.ask({ type: "wait" }))).message).toContain(
      'cannot take wait in state "locked"',
    );
    const filed = ref.ask({ type: "file", text: "a" });
    ref.tell({ type: "note", text: "held" });
    expect(await ref.ask({ type: "read" })).toEqual({ notes: [] });
    ref.tell({ type: "unlock" });
    expect(await filed).toEqual({ text: "filed a" });
    expect(await ref.ask({ type: "read" })).toEqual({ notes: ["held"] });
    await settled(nodes);
  });

  test("holds a message back by the state it meets, also when that changed by itself meanwhile", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("clerk", clerkIn(place));
    ref.tell({ type: "lockSoon" });
    // Its timer is due when this turn ends, and the next message is under way then.
    const filed = [ref.ask({ type: "ponder", forMs: 60 }), ref.ask({ type: "file", text: "0" })];
    const wanted = [{ text: "pondered" }, { text: "filed 0" }];
    for (let held = false; !held; ) {
      const filing = ref.ask({ type: "file", text: `${wanted.length}` });
      wanted.push({ text: `filed ${wanted.length}` });
      filed.push(filing);
      const echo = ref.ask({ type: "echo", text: "" });
      held = await Promise.race([filing.then(() => false), echo.then(() => true)]);
    }
    ref.tell({ type: "unlock" });
    expect(await Promise.all(filed)).toEqual(wanted);
    await settled(nodes);
  });

  test("keeps deadlines, and hears of a question that is withdrawn", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const ref = await a.spawn("clerk", clerkIn(place));
    const late = ref.ask({ type: "echo", text: "late" }, { withinMs: 40 });
    ref.tell({ type: "ponder", forMs: 100 } as never, { priority: 0 });
    expect((await rejection(late)).code).toMatch(/ASK_TIMEOUT|DEADLINE_EXCEEDED/);
    const controller = new AbortController();
    const waiting = ref.ask({ type: "wait" }, { signal: controller.signal });
    expect(await ref.ask({ type: "echo", text: "between" })).toEqual({ text: "between" });
    controller.abort();
    expect((await rejection(waiting)).code).toBe("CANCELLED");
    await expect.poll(() => ref.ask({ type: "read" })).toEqual({ notes: ["withdrawn"] });
    await settled(nodes);
  });

  test("has timers, tells others, asks others, and gets their refusals", async () => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    const ref = await a.spawn("clerk", clerkIn(place));
    const count = await b.spawn("counter", counterActor, { input: { from: 3 } });
    expect(await ref.ask({ type: "later", afterMs: 20 })).toEqual({ text: "later" });
    ref.tell({ type: "pass", to: "counter", by: 4 });
    await expect.poll(() => count.ask({ type: "read" })).toEqual({ count: 7 });
    const inquire = (at: string) => ref.ask({ type: "inquire", at, withinMs: 1_000 });
    expect(await inquire("counter")).toEqual({ text: "it has 7" });
    expect(await inquire("nobody.there")).toEqual({ text: "UNREACHABLE" });
    await settled(nodes);
  });

  test.each([
    ["throws", { type: "fail", text: "torn sail" }, "torn sail"],
    ["has a call that rejects", { type: "failCall" }, "no answer from the model"],
    [
      "says what its protocol forbids",
      { type: "passWrongly", to: "nobody" },
      "Expected a payload of counter.add",
    ],
  ] as const)("fails where it %s, and those who wait are told", async (_, message, text) => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    const ref = await a.spawn("clerk", clerkIn(place));
    const { down } = b.ref("clerk", clerk).watch();
    ref.tell(message);
    await rejection(ref.ask({ type: "wait" }));
    expect(await down).toMatchObject({ kind: "failed", error: { message: expect.stringContaining(text) } });
    await settled(nodes);
  });

  test("is told to its asker where a reply does not fit, and fails", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("clerk", clerkIn(place));
    const { down } = ref.watch();
    expect((await rejection(ref.ask({ type: "wrongly" }))).code).toBe("REPLY_INVALID");
    expect(await down).toMatchObject({ kind: "failed", error: { code: "REPLY_INVALID" } });
    await settled(nodes);
  });

  test("is done with an output, or stopped with a reason", async () => {
    await using nodes = await twoNodes();
    const { a, b } = nodes;
    const ref = await a.spawn("clerk", clerkIn(place));
    const { down } = b.ref("clerk", clerk).watch();
    ref.tell({ type: "finish", text: "home" });
    expect(await down).toEqual({ kind: "done", output: { notes: ["home"] } });
    const again = await a.spawn("clerk", clerkIn(place));
    expect(await again.stop("for the night")).toEqual({ kind: "stopped", reason: "for the night" });
    const killed = await a.spawn("clerk", clerkIn(place));
    expect(await killed.kill("now")).toEqual({ kind: "killed", reason: "now" });
    await settled(nodes);
  });

  test("may be a reducer", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const ref = await a.spawn("tally", clerkIn(place, { name: "tallyActor" }));
    const heard: string[] = [];
    ref.on("announced", ({ text }) => void heard.push(text));
    ref.tell({ type: "announce", text: "one" });
    expect(await ref.ask({ type: "echo", text: "count" })).toEqual({ text: "count 1" });
    await expect.poll(() => heard).toEqual(["one"]);
    const { down } = ref.watch();
    ref.tell({ type: "finish", text: "enough" });
    expect(await down).toEqual({ kind: "stopped", reason: "enough" });
    const failing = await a.spawn("tally", clerkIn(place, { name: "tallyActor" }));
    const watch = failing.watch();
    failing.tell({ type: "fail", text: "torn" });
    expect(await watch.down).toMatchObject({ kind: "failed", error: { message: "Error: torn" } });
    await settled(nodes);
  });
});

test("the facts of one script are the same wherever the actor runs", async () => {
  const told = await Promise.all(places.map(factsOfScript));
  expect(told[0]?.length).toBeGreaterThan(6);
  expect(told[1]).toEqual(told[0]);
  expect(told[2]).toEqual(told[0]);
});

async function factsOfScript(place: (typeof places)[number]): Promise<unknown[]> {
  await using nodes = await twoNodes({ changes: true });
  const { a, b } = nodes;
  const facts: { type: string; messageId?: unknown }[] = [];
  for (const type of ["started", "changed", "refused", "failed", "stopped"] as const)
    b.ref("clerk", lifecycle).on(type, (fact) => void facts.push(fact));
  const outcomes: ActorOutcome[] = [];
  const ref = await a.spawn("clerk", clerkIn(place));
  ref.watch((outcome) => void outcomes.push(outcome));
  ref.tell({ type: "lock" });
  ref.tell({ type: "wait" } as never);
  ref.tell({ type: "unlock" });
  ref.tell({ type: "lockSoon" });
  await expect.poll(() => facts.length).toBeGreaterThanOrEqual(6);
  ref.tell({ type: "finish", text: "home" });
  await expect.poll(() => outcomes.length).toBe(1);
  await expect.poll(() => facts.at(-1)?.type).toBe("stopped");
  return [...facts.map(({ messageId: _, ...fact }) => fact), ...outcomes];
}
