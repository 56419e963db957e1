import { describe, expect, test, vi } from "vitest";
import { type HostingOptions, hostedActor } from "../../../src/index.ts";
import { rejection, twoNodes } from "../../support/systems.ts";
import { walls } from "./definitions.ts";
import { odd } from "./odd.ts";

vi.setConfig({ testTimeout: 60_000 });

const module = new URL("./odd.ts", import.meta.url);
const options = { protocol: odd, module, name: "oddActor", startMaxMs: 30_000 } as const;

describe.each(walls)("in a %s", (wall) => {
  test.each([
    ["throwLater", "thrown by a timer"],
    ["rejectLater", "rejected by nobody's promise"],
    ["emit", "Expected plain data"],
    ["postNothing", "what its worker says cannot be understood"],
    ["postGarbage", "what its worker says cannot be understood"],
  ])("an actor that does not behave (%s) fails, and nothing else does", async (what, text) => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("odd", hostedActor({ ...options, in: wall }));
    const { down } = ref.watch();
    ref.tell({ type: "do", what });
    expect(await down).toMatchObject({ kind: "failed", error: { message: expect.stringContaining(text) } });
    const again = await nodes.a.spawn("odd", hostedActor({ ...options, in: wall }));
    expect(await again.ask({ type: "read" })).toEqual({ ok: true });
  });

  test("what is no report is no harm", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("odd", hostedActor({ ...options, in: wall }));
    ref.tell({ type: "do", what: "postText" });
    expect(await ref.ask({ type: "read" })).toEqual({ ok: true });
  });

  test("an output that cannot leave the worker is left out, and that is reported", async () => {
    await using nodes = await twoNodes();
    const ref = await nodes.a.spawn("odd", hostedActor({ ...options, in: wall }));
    const { down } = ref.watch();
    ref.tell({ type: "do", what: "finish" });
    expect(await down).toEqual({ kind: "done" });
    expect(nodes.reports.map(({ message }) => message)).toContain(
      "the output of odd cannot leave its worker, and is left out",
    );
  });

  test("an actor is not hosted twice", async () => {
    await using nodes = await twoNodes();
    const twice = hostedActor({ ...options, name: "hostedTwice", in: wall });
    expect((await rejection(nodes.a.spawn("odd", twice))).message).toContain("made by defineActor");
  });
});

test.each([
  [{ in: "fibre" }, 'in: "process", got "fibre"'],
  [{ in: "thread", heapMaxMb: 1 }, "heapMaxMb to be a number >= 16, got 1"],
  [{ in: "thread", turnMaxMs: 0 }, "turnMaxMs to be a number >= 10, got 0"],
  [{ in: "process", startMaxMs: Number.NaN }, "startMaxMs to be a number >= 10"],
  [{ in: "process", module: "./odd.ts" }, 'module to be a URL, like new URL("./actor.js", import.meta.url)'],
])("options out of their range are refused: %o", (given, text) => {
  const define = (): unknown => hostedActor({ ...options, ...(given as HostingOptions) });
  expect(define).toThrow(text);
});
