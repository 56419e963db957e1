import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { tell } from "../../../../machines/index.ts";
import type { ActorAddress, MessageOf } from "../../../../protocols/index.ts";
import { checkTeam } from "../../../../src/testing/team/index.ts";
import { letters } from "./ping.ts";

const writer = setup({ types: { input: {} as { n: number } } }).createMachine({
  context: ({ input }) => ({ n: input.n, sent: 0 }),
  initial: "new",
  states: {
    new: {
      after: {
        10: {
          target: "old",
          actions: tell(letters, "desk" as ActorAddress, ({ context }) => ({
            type: "letter",
            n: (context as { n: number }).n,
          })),
        },
      },
    },
    old: {},
  },
});

type Got = Readonly<Record<string, number>>;
const desk = setup({
  types: { context: {} as { got: Got }, events: {} as MessageOf<typeof letters> },
}).createMachine({
  context: { got: {} },
  on: {
    letter: {
      actions: assign({
        got: ({ context, event }) => ({ ...context.got, [event.sender as string]: event.n }),
      }),
    },
  },
});

/** Treats the first of them in a way of its own. */
const favouring = setup({
  types: { context: {} as { first: string }, events: {} as MessageOf<typeof letters> },
}).createMachine({
  context: { first: "" },
  on: {
    letter: {
      actions: assign({
        first: ({ context, event }) => (event.sender === "writer.1" ? "favourite" : `${context.first}.`),
      }),
    },
  },
});

const writers = { machine: writer, count: 3, symmetric: true, input: { n: 1 } } as const;

describe("symmetric members", () => {
  test("are folded: states that differ in who is who are one, whoever came first", () => {
    const members = { desk: { machine: desk }, writer: writers };
    const folded = checkTeam({ members });
    const plain = checkTeam({ members, fold: false });
    // How many have not written, are under way, and have been heard: 3 writers, 3 ways to be.
    expect(folded.states).toBe(10);
    // Each for himself, and in which order the desk heard of them: sum of orders of each set of heard ones.
    expect(plain.states).toBe(8 + 3 * 4 + 3 * 2 * 2 + 6);
    expect([folded.verdict, plain.verdict]).toEqual(["holds", "holds"]);
  });

  test("of four there are 24 ways to swap them, and the same ways to be", () => {
    const members = { desk: { machine: desk }, writer: { ...writers, count: 4 } } as const;
    const channels = { inFlightMax: 4 };
    const folded = checkTeam({ members, channels });
    // 4 writers, 3 ways to be.
    expect(folded.states).toBe(15);
    expect(checkTeam({ members, channels, fold: false }).states).toBeGreaterThan(15 * 10);
  });

  test("have to begin alike", () => {
    const input = ({ self }: { self: string }): { n: number } => ({ n: Number(self.at(-1)) });
    const members = { desk: { machine: desk }, writer: { ...writers, input } };
    expect(() => checkTeam({ members })).toThrow(
      /to begin alike but for their names; writer\.\d and writer\.\d do not/,
    );
    expect(checkTeam({ members, fold: false }).verdict).toBe("holds");
  });

  test("may not be told apart by a machine", () => {
    const members = { desk: { machine: favouring }, writer: writers };
    expect(() => checkTeam({ members })).toThrow(
      /what desk does for tell letter depends on which of them is which/,
    );
  });

  test("may not be told apart by a property", () => {
    const members = { desk: { machine: desk }, writer: writers };
    const safe = {
      "the first is new": (team: { members: { writer: readonly { value: unknown }[] } }) =>
        team.members.writer[0]?.value === "new" || team.members.writer[1]?.value !== "new",
    };
    expect(() => checkTeam({ members, safe })).toThrow(
      /"the first is new" not to tell symmetric members apart/,
    );
  });

  test("are not folded for what has to come at last, which needs to know who is meant", () => {
    const members = { desk: { machine: desk }, writer: writers };
    const result = checkTeam({
      members,
      eventually: { "all are heard": (team) => Object.keys(team.members.desk.context.got).length === 3 },
    });
    expect([result.verdict, result.folded]).toEqual(["holds", false]);
  });

  test("of several kinds are folded each within its own", () => {
    const other = { ...writers, count: 2 } as const;
    const members = { desk: { machine: desk }, writer: writers, scribe: other };
    expect(checkTeam({ members, channels: { inFlightMax: 5 } }).states).toBe(10 * 6);
  });
});
