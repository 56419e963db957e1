import { expect, test } from "vitest";
import { createActor, createMachine } from "xstate";
import {
  type CoverageMatchers,
  coverageMatchers,
  coverageOf,
} from "../../../../src/testing/coverage/index.ts";
import { pathsOf } from "../../../../src/testing/model/index.ts";

declare module "vitest" {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends CoverageMatchers<R> {}
}

expect.extend(coverageMatchers);

const lamp = createMachine({
  id: "lamp",
  initial: "off",
  states: {
    off: { on: { press: { guard: ({ event }) => event.hard, target: "on" } } },
    on: { on: { press: "off" } },
  },
});
const paths = pathsOf(lamp, { payloads: { press: [{ hard: true }, { hard: false }] } });
const softly = pathsOf(lamp, { payloads: { press: [{ hard: false }] } });

test("toCoverAll takes paths that take a machine through everything", () => {
  expect(paths).toCoverAll(lamp);
  expect(softly).not.toCoverAll(lamp);
});

test("toCover takes shares", () => {
  expect(softly).toCover(lamp, { states: 0.5, guards: 0.5 });
  expect(softly).not.toCover(lamp, { states: 0.51 });
  expect(paths[0]).toCover(lamp, { transitions: 1 });
});

test("a coverage is taken as well", () => {
  const coverage = coverageOf(lamp);
  createActor(lamp, { inspect: coverage.watch }).start();
  expect(coverage).toCover(lamp, { states: 0.5 });
  expect(coverage).not.toCoverAll(lamp);
});

test("what is missing is in the message", () => {
  expect(() => expect(softly).toCoverAll(lamp)).toThrow(
    /^Expected to see 100 % of the states, 100 % of the transitions, 100 % of the guards of lamp\n\nmachine [\s\S]*never seen in lamp:\n {2}lamp.off: press\n/,
  );
});

test("what is excused must be there, and must not be seen", () => {
  const except = {
    "lamp.off: press": "soft",
    "lamp.off: press guard true": "soft",
    "state lamp.on": "soft",
    "lamp.on: press": "soft",
  };
  expect(softly).toCoverAll(lamp, { except });
  expect(paths).not.toCoverAll(lamp, { except });
  expect(() => expect(softly).toCoverAll(lamp, { except: { ...except, "lamp.on: pull": "" } })).toThrow(
    "excused in lamp, but seen or not there:\n  lamp.on: pull",
  );
});

test("nonsense is refused", () => {
  expect(() => expect(paths).toCover(lamp, { states: 95 })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
  expect(() => expect("paths").toCoverAll(lamp)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
});
