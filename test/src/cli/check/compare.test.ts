import { describe, expect, it } from "vitest";
import { type AnyStateMachine, createMachine } from "xstate";
import { z } from "zod";
import { defineProtocol, type Protocol, question } from "../../../../protocols/index.ts";
import { compareProtocols } from "../../../../src/cli/check/compare-protocols.ts";
import { compareTypes } from "../../../../src/cli/check/compare-types.ts";
import { type Definitions, releasedOf } from "../../../../src/cli/check/released.ts";
import { type ActorDefinition, type DurabilityOptions, defineActor } from "../../../../src/index.ts";

const nothing = defineProtocol({ name: "nothing", accepts: {} });
const machine = (states: object, id = "m"): AnyStateMachine =>
  createMachine({ id, initial: "a", states: { a: {}, ...states } });
const two = machine({ b: {} });
const one = machine({});
const three = machine({ b: {}, c: {} });

function type(
  of: AnyStateMachine,
  durability: DurabilityOptions | "volatile" = {},
  protocol: Protocol = nothing,
): ActorDefinition {
  return defineActor({ protocol, machine: of as never, durability }) as ActorDefinition;
}

const identity = (snapshot: never): unknown => snapshot;

describe("durable types", () => {
  const compared = (before: Definitions, after: Definitions): string[] =>
    compareTypes(releasedOf(before), releasedOf(after), after).map(
      ({ effect, says }) => `${effect}: ${says}`,
    );

  it.each<[string, Definitions, Definitions, string[]]>([
    ["the same", { t: type(two) }, { t: type(two) }, []],
    ["a state more", { t: type(two) }, { t: type(three) }, ["compatible: state `c` is new"]],
    ["a state less", { t: type(two) }, { t: type(one) }, ["breaking: state `b` is gone"]],
    [
      "a state less, with a version and its migration",
      { t: type(two) },
      { t: type(one, { version: 2, migrations: { 2: identity } }) },
      ["settled: state `b` is gone"],
    ],
    [
      "a version without its migrations",
      { t: type(two, { version: 2 }) },
      { t: type(one, { version: 4, migrations: { 3: identity } }) },
      ["breaking: there is no migration from version 3 to 4", "settled: state `b` is gone"],
    ],
    [
      "a version less",
      { t: type(two, { version: 2 }) },
      { t: type(two) },
      ["breaking: its version was 2 and is 1: no node takes what is stored"],
    ],
    [
      "a migration that no version leads to",
      { t: type(two) },
      { t: type(two, { migrations: { 2: identity } }) },
      ['breaking: Expected migrations of t to lead to versions 2 to 1, got "2"'],
    ],
    [
      "gone",
      { t: type(two) },
      { u: type(two) },
      [
        "breaking: it is no durable type any more: nobody takes up its agents, nor what waits for them",
        "compatible: it is new, with version 1",
      ],
    ],
    [
      "volatile now",
      { t: type(two) },
      { t: type(two, "volatile") },
      ["breaking: it is no durable type any more: nobody takes up its agents, nor what waits for them"],
    ],
    [
      "another protocol",
      { t: type(two) },
      { t: type(two, {}, defineProtocol({ name: "other", accepts: {} })) },
      ["breaking: its protocol was nothing and is other"],
    ],
    [
      "other needs",
      { t: type(two) },
      { t: type(two, { needs: ["gpu"] }) },
      ["breaking: it needed nothing and needs gpu"],
    ],
    [
      "needs in another order",
      { t: type(two, { needs: ["a", "b"] }) },
      { t: type(two, { needs: ["b", "a"] }) },
      [],
    ],
    [
      "of a name that objects have",
      {},
      { constructor: type(two) },
      ["compatible: it is new, with version 1"],
    ],
  ])("%s", (_, before, after, says) => expect(compared(before, after)).toEqual(says));

  it("what to do about it is said", () => {
    const after = { t: type(one, { version: 1 }) };
    const [finding] = compareTypes(releasedOf({ t: type(two) }), releasedOf(after), after);
    expect(finding?.advice).toBe("set its version to 2, and add migrations[2]");
  });
});

describe("protocols", () => {
  const add = z.object({ by: z.number() });
  const protocol = (parts: Partial<Parameters<typeof defineProtocol>[0]>): Definitions => {
    const spoken = defineProtocol({ name: "p", accepts: { add }, ...parts });
    const reducer = { initial: () => 0, receive: (count: number) => count };
    return { a: defineActor({ protocol: spoken, ...reducer }) as ActorDefinition };
  };
  const compared = (before: Definitions, after: Definitions): string[] =>
    compareProtocols(releasedOf(before), releasedOf(after)).map(({ effect, says }) => `${effect}: ${says}`);
  const sent = "of those sent by the released protocol";
  const read = "for those who read it by the released protocol";
  const note = z.object({ note: z.string().optional() });
  const strictNote = z.object({ note: z.string() });

  it.each<[string, Definitions, Definitions, string[]]>([
    ["the same", protocol({}), protocol({}), []],
    [
      "a message more",
      protocol({}),
      protocol({ accepts: { add, sub: add } }),
      ["compatible: it accepts `sub` now"],
    ],
    [
      "a message less",
      protocol({ accepts: { add, sub: add } }),
      protocol({}),
      ["breaking: it accepts no `sub` any more"],
    ],
    [
      "more is required",
      protocol({ accepts: { note } }),
      protocol({ accepts: { note: strictNote } }),
      [`breaking: message \`note\`: \`note\` may be missing, ${sent}`],
    ],
    [
      "less is required",
      protocol({ accepts: { note: strictNote } }),
      protocol({ accepts: { note } }),
      ["compatible: the schema of message `note` changed"],
    ],
    [
      "a reply that says less",
      protocol({ accepts: { read: question(add, strictNote) } }),
      protocol({ accepts: { read: question(add, note) } }),
      [`breaking: the reply to \`read\`: \`note\` may be missing, ${read}`],
    ],
    [
      "a reply that says more",
      protocol({ accepts: { read: question(add, note) } }),
      protocol({ accepts: { read: question(add, strictNote) } }),
      ["compatible: the schema of the reply to `read` changed"],
    ],
    [
      "a question no more",
      protocol({ accepts: { read: question(add, note) } }),
      protocol({ accepts: { read: add } }),
      ["breaking: message `read` was a question and is answered no more"],
    ],
    [
      "a question now",
      protocol({ accepts: { read: add } }),
      protocol({ accepts: { read: question(add, note) } }),
      ["compatible: message `read` is a question now"],
    ],
    [
      "an event that says less",
      protocol({ emits: { noted: strictNote } }),
      protocol({ emits: { noted: note } }),
      [`breaking: event \`noted\`: \`note\` may be missing, ${read}`],
    ],
    [
      "an event less",
      protocol({ emits: { noted: note } }),
      protocol({}),
      ["breaking: it emits no `noted` any more"],
    ],
    [
      "an event more",
      protocol({}),
      protocol({ emits: { noted: note } }),
      ["compatible: it emits `noted` now"],
    ],
    [
      "another major says so",
      protocol({ accepts: { add, sub: add } }),
      protocol({ version: "2.0" }),
      ["settled: its version was 1.0 and is 2.0", "settled: it accepts no `sub` any more"],
    ],
    [
      "another minor does not",
      protocol({ accepts: { add, sub: add } }),
      protocol({ version: "1.1" }),
      ["breaking: it accepts no `sub` any more"],
    ],
    [
      "a version less",
      protocol({ version: "1.2" }),
      protocol({}),
      ["breaking: its version was 1.2 and is 1.0"],
    ],
    ["gone", protocol({}), {}, ["breaking: it is gone"]],
    ["new", {}, protocol({}), ["compatible: it is new, with version 1.0"]],
    [
      "a schema that cannot be written down",
      protocol({ accepts: { add: unwritable() } }),
      protocol({}),
      ["breaking: the schema of message `add` cannot be compared: it has no JSON Schema"],
    ],
    [
      "two of them",
      protocol({ accepts: { add: unwritable() } }),
      protocol({ accepts: { add: unwritable() } }),
      [],
    ],
  ])("%s", (_, before, after, says) => expect(compared(before, after)).toEqual(says));

  it("a compatible change is told to raise the minor, unless it is raised", () => {
    const advice = (version: string) =>
      compareProtocols(
        releasedOf(protocol({})),
        releasedOf(protocol({ version, accepts: { add, sub: add } })),
      )[0]?.advice;
    expect(advice("1.0")).toMatch(/^set its version to 1\.1/);
    expect(advice("1.1")).toBeUndefined();
  });

  it("two protocols of one name are refused", () => {
    const { a } = protocol({});
    const { a: b } = protocol({ accepts: {} });
    expect(() => releasedOf({ a, b } as Definitions)).toThrow('Two different protocols are named "p"');
  });
});

function unwritable(): z.ZodType {
  const validate = (value: unknown): { value: unknown } => ({ value });
  return { "~standard": { version: 1, vendor: "plain", validate } } as never;
}
