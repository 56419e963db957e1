import { describe, expect, test } from "vitest";
import { createActor, createMachine } from "xstate";
import { supervisorMachine } from "../../../../machines/index.ts";
import { coverageHtml, coverageOf, drawingOf } from "../../../../src/testing/coverage/index.ts";
import { type Box, layOut } from "../../../../src/testing/coverage/layout.ts";
import { statesOf } from "../../../../src/xstate/machine-parts.ts";
import { randomMachine } from "../../../support/random-machine.ts";
import { seededRandom } from "../../../support/simulated-env.ts";

describe("the drawing of a statechart", () => {
  test("has every state inside its parent, beside its siblings, on random machines", () => {
    const random = seededRandom(3);
    for (let n = 0; n < 150; n++) {
      const machine = randomMachine(random, () => {}) ?? supervisorMachine;
      const root = layOut(machine.root);
      const boxes = allOf(root);
      const drawn = statesOf(machine as never).filter(({ type }) => type !== "history");
      expect(boxes.length).toBe(drawn.length);
      for (const box of boxes) {
        expect([box.x, box.y, box.width, box.height].every((size) => Number.isFinite(size) && size > 0)).toBe(
          true,
        );
        for (const inner of box.boxes) expect(isInside(inner, box)).toBe(true);
        for (const [i, a] of box.boxes.entries())
          for (const b of box.boxes.slice(i + 1)) expect(overlap(a, b)).toBe(false);
        for (const { points } of box.arrows)
          for (const [x, y] of points) expect(isInside({ x, y, width: 0, height: 0 }, root)).toBe(true);
      }
    }
  });

  test("marks what was never seen, and what was seen in part", () => {
    const machine = createMachine({
      id: "m",
      initial: "a",
      states: {
        a: { on: { go: { guard: () => true, target: "b" }, never: "c" } },
        b: {},
        c: {},
      },
    });
    const coverage = coverageOf(machine).excuse({ "state m.c": "far away" });
    createActor(machine, { inspect: coverage.watch }).start().send({ type: "go" });
    const svg = drawingOf(coverage);
    const classOf = (title: string): string | undefined =>
      new RegExp(`class="([^"]*)"[^>]*>[^<]*<title>${title}`).exec(svg)?.[1];
    expect(classOf("m.a: seen")).toBe("state atomic seen");
    expect(classOf("m.c: excused")).toBe("state atomic excused");
    expect(classOf("m.a: go: seen; its guard always held")).toBe("label partly");
    expect(classOf("m.a: never: never seen")).toBe("label unseen");
    expect(svg.match(/<polyline class="arrow (\w+)"/g)).toEqual([
      '<polyline class="arrow partly"',
      '<polyline class="arrow unseen"',
    ]);
  });

  test("shows whatever names it is given as text", () => {
    const machine = createMachine({
      id: '<b>&"',
      initial: "'<i>",
      states: { "'<i>": { on: { "<u>": {} } } },
    });
    const svg = drawingOf(coverageOf(machine));
    expect(svg).not.toMatch(/<(b|i|u)>/);
    expect(svg).toContain("&#39;&lt;i&gt;");
  });
});

test("the page stands alone: figures, drawings and lists, no script and nothing to load", () => {
  const coverage = coverageOf(supervisorMachine).excuse({ "state supervisor.ignored": "another <input>" });
  const page = coverageHtml([coverage, coverageOf(createMachine({ id: "stone" }))], "Ours & others");
  expect(page).toMatch(/^<!doctype html>\n/);
  expect(page).toContain("<title>Ours &amp; others</title>");
  expect(page).toContain('<td><a href="#m0">supervisor</a></td><td class="short">0/14 (0 %)</td>');
  expect(page).toContain("<li>supervisor.judging: always (1)</li>");
  expect(page).toContain("another &lt;input&gt;");
  expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
    /https?:|<script|<link|url\(|@import/,
  );
  expect(opened(page)).toEqual([]);
});

/** The tags that are opened and not closed, or the other way round. */
function opened(page: string): string[] {
  const open: string[] = [];
  for (const [, end, name = "", alone] of page.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (alone === "/" || ["meta", "doctype"].includes(name)) continue;
    if (end === "") open.push(name);
    else if (open.at(-1) === name) open.pop();
    else return [...open, `/${name}`];
  }
  return open;
}

function allOf(box: Box): Box[] {
  return [box, ...box.boxes.flatMap(allOf)];
}

type Rect = Pick<Box, "x" | "y" | "width" | "height">;

function isInside(inner: Rect, outer: Rect): boolean {
  const within = (a: number, length: number, b: number, room: number): boolean =>
    a >= b && a + length <= b + room + 1e-6;
  return (
    within(inner.x, inner.width, outer.x, outer.width) && within(inner.y, inner.height, outer.y, outer.height)
  );
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
