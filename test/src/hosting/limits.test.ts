import { afterEach, describe, expect, test, vi } from "vitest";
import { counterActor } from "../../support/counter.ts";
import { rejection, twoNodes } from "../../support/systems.ts";
import { clerkIn, walls } from "./definitions.ts";

vi.setConfig({ testTimeout: 60_000 });

type Nodes = Awaited<ReturnType<typeof twoNodes>>;

function unsettled({ a, b }: Nodes): number {
  return [a.counts, b.counts].reduce(
    (n, { sent, handled, refused, dead }) => n + sent - handled - refused - dead,
    0,
  );
}

const escaped: unknown[] = [];
const note = (error: unknown): void => void escaped.push(error);
process.on("uncaughtException", note);
process.on("unhandledRejection", note);
afterEach(() => expect(escaped).toEqual([]));

describe.each(walls)("an actor in a %s", (wall) => {
  test.each(["loop", "regex", "guard", "call loop", "timer loop", "later loop"])(
    "that goes round for ever (%s) is killed at its limit, while its neighbours answer",
    async (how) => {
      await using nodes = await twoNodes();
      const { a, b } = nodes;
      const ref = await a.spawn("clerk", clerkIn(wall, { turnMaxMs: 300 }));
      const near = await a.spawn("near", counterActor);
      const twin = await a.spawn("twin", clerkIn(wall));
      const said: string[] = [];
      ref.on("announced", ({ text }) => void said.push(text));
      const { down } = b.ref("clerk", ref.protocol).watch();
      ref.tell({ type: "misbehave", how });
      let over = false;
      const outcome = down.finally(() => {
        over = true;
      });
      let answers = 0;
      while (!over) {
        await Promise.all([near.ask({ type: "read" }), twin.ask({ type: "echo", text: "" })]);
        answers++;
      }
      expect(answers).toBeGreaterThan(10);
      expect(await outcome).toEqual({ kind: "killed", reason: "a turn took longer than 300 ms" });
      expect(said).toEqual([]);
      await expect.poll(() => unsettled(nodes)).toBe(0);
      // Its name is free.
      const again = await a.spawn("clerk", clerkIn(wall));
      expect(await again.ask({ type: "echo", text: "again" })).toEqual({ text: "again" });
    },
  );

  test("refuses the question at hand and all that wait when it is killed", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const ref = await a.spawn("clerk", clerkIn(wall, { turnMaxMs: 200 }));
    const asked = [
      ref.ask({ type: "ponder", forMs: 60_000 }),
      ...Array.from({ length: 20 }, () => ref.ask({ type: "read" })),
    ];
    ref.tell({ type: "note", text: "told" });
    const errors = await Promise.all(asked.map(rejection));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["ACTOR_KILLED"]));
    expect(errors[0]?.message).toContain("a turn took longer than 200 ms");
    await expect.poll(() => unsettled(nodes)).toBe(0);
    expect(a.counts).toMatchObject({ handled: 0, refused: 21, dead: 1 });
  });

  test.each(["heap", "arrays", "map", "buffers", "call heap", "timer arrays"])(
    "whose memory blows up (%s) is killed at its limit, while its neighbour answers",
    async (how) => {
      await using nodes = await twoNodes();
      const { a } = nodes;
      const ref = await a.spawn("clerk", clerkIn(wall, { turnMaxMs: 15_000, heapMaxMb: 64 }));
      const near = await a.spawn("near", counterActor);
      let over = false;
      const down = ref.watch(() => {
        over = true;
      }).down;
      ref.tell({ type: "misbehave", how });
      let answers = 0;
      while (!over) {
        await near.ask({ type: "read" });
        answers++;
      }
      expect(answers).toBeGreaterThan(10);
      expect(await down).toEqual({ kind: "killed", reason: "heap limit 64 MB" });
      await expect.poll(() => unsettled(nodes)).toBe(0);
    },
  );

  test("is killed where its memory grows from turn to turn, but not for garbage", async () => {
    await using nodes = await twoNodes();
    const { a } = nodes;
    const hoarder = await a.spawn("hoarder", clerkIn(wall, { turnMaxMs: 1_000, heapMaxMb: 64 }));
    const { down } = hoarder.watch();
    for (let n = 0; n < 3; n++) hoarder.tell({ type: "hoard", megabytes: 30 });
    expect(await down).toEqual({ kind: "killed", reason: "heap limit 64 MB" });
    const thrifty = await a.spawn("thrifty", clerkIn(wall, { turnMaxMs: 1_000, heapMaxMb: 64 }));
    for (let n = 0; n < 40; n++)
      expect(await thrifty.ask({ type: "echo", text: "x".repeat(200_000) })).toBeDefined();
    expect(await thrifty.ask({ type: "read" })).toEqual({ notes: [] });
  });

  test("may take its time below its limit, and rest for longer than it", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("clerk", clerkIn(wall, { turnMaxMs: 1_000 }));
    for (let n = 0; n < 8; n++)
      expect(await ref.ask({ type: "ponder", forMs: 200 })).toEqual({ text: "pondered" });
    const restedMs = performance.now() + 2_200;
    await expect.poll(() => performance.now() > restedMs, { timeout: 5_000 }).toBe(true);
    expect(await ref.ask({ type: "echo", text: "rested" })).toEqual({ text: "rested" });
  });

  test("that is a reducer is killed too", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("tally", clerkIn(wall, { turnMaxMs: 200, name: "tallyActor" }));
    const { down } = ref.watch();
    ref.tell({ type: "misbehave", how: "loop" });
    expect(await down).toEqual({ kind: "killed", reason: "a turn took longer than 200 ms" });
    await expect.poll(() => unsettled(nodes)).toBe(0);
  });

  test("fails where its worker ends by itself", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("clerk", clerkIn(wall));
    const { down } = ref.watch();
    const code = (await rejection(ref.ask({ type: "exit", code: 3 } as never))).code;
    expect(code).toBe("MESSAGE_INVALID");
    ref.tell({ type: "exit", code: 3 });
    expect(await down).toMatchObject({
      kind: "failed",
      error: { message: expect.stringContaining("with code 3") },
    });
    await expect.poll(() => unsettled(nodes)).toBe(0);
  });

  test.each([
    ["the module is not there", { module: "file:///nowhere/actor.js" }, "could not be loaded"],
    ["the export is not there", { name: "clerks" }, 'export an actor made by defineActor as "clerks"'],
    ["the export is no actor", { name: "noActor" }, 'got {"hello":"world"}'],
    [
      "it speaks another protocol",
      { module: new URL("../../support/counter.ts", import.meta.url), name: "counterActor" },
      "speak clerk@1.3, it speaks counter@1.2",
    ],
    [
      "its module goes round for ever",
      { module: new URL("./endless.ts", import.meta.url), startMaxMs: 1_500 },
      "its start took longer than 1500 ms",
    ],
    [
      "its module takes too much memory",
      { module: new URL("./greedy.ts", import.meta.url), heapMaxMb: 64 },
      "heap limit 64 MB",
    ],
  ] as const)("does not start where %s", async (_, options, text) => {
    await using nodes = await twoNodes();
    const error = await rejection(nodes.a.spawn("clerk", clerkIn(wall, options)));
    expect(error.code).toBe("ACTOR_FAILED");
    expect(error.message).toContain(text);
  });

  test("does not start with an input that cannot cross", async () => {
    await using nodes = await twoNodes();
    const input = { notes: [(() => "x") as never] };
    const error = await rejection(nodes.a.spawn("clerk", clerkIn(wall), { input }));
    expect(error).toMatchObject({
      code: "ACTOR_FAILED",
      message: expect.stringContaining("could not be cloned"),
    });
  });

  test("does not keep a system from closing in time when it hangs", async () => {
    const nodes = await twoNodes();
    const ref = await nodes.a.spawn("clerk", clerkIn(wall, { turnMaxMs: 60_000 }));
    ref.tell({ type: "misbehave", how: "loop" });
    await expect.poll(() => nodes.a.counts.sent).toBe(1);
    const began = performance.now();
    const report = await nodes.a.drain({ withinMs: 300, stopWithinMs: 300 });
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(report).toMatchObject({ unfinished: ["clerk"], killed: ["clerk"] });
    await nodes[Symbol.asyncDispose]();
  });
});
