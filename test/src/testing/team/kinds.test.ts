import { describe, expect, test } from "vitest";
import {
  type AnyActorRef,
  type AnyStateMachine,
  assign,
  fromPromise,
  fromTransition,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import { z } from "zod";
import { asking, fromCall, reply, tell } from "../../../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../../protocols/index.ts";
import type { ReducerTurn } from "../../../../src/actor.ts";
import { checkTeam, type MemberView, replayTeam, type TeamView } from "../../../../src/testing/team/index.ts";

/** A till adds up what customers pay, once each, and says how much there is. */
const till = defineProtocol({
  name: "till",
  accepts: {
    pay: z.object({ id: z.number(), amount: z.number() }),
    sum: question(z.object({}), z.object({ sum: z.number() })),
  },
  emits: { counted: z.object({ sum: z.number() }) },
});
type Payment = MessageOf<typeof till>;
const slips = defineProtocol({ name: "slips", accepts: { slip: z.object({ id: z.number() }) } });
const at = (name: string): ActorAddress => name as ActorAddress;

/** Pays, and pays again until it has its slip. */
const customer = setup({
  types: { events: {} as MessageOf<typeof slips> },
  actions: { pay: tell(till, at("till"), { type: "pay", id: 1, amount: 5 }) },
}).createMachine({
  initial: "paying",
  states: {
    paying: { entry: "pay", after: { 1000: { target: "paying", reenter: true } }, on: { slip: "paid" } },
    paid: { on: { slip: {} } },
  },
});

interface Box {
  readonly seen: readonly number[];
  readonly sum: number;
}
const empty: Box = { seen: [], sum: 0 };
const paid = (box: Box, { id, amount }: { id: number; amount: number }, isCareful: boolean): Box =>
  isCareful && box.seen.includes(id) ? box : { seen: [id], sum: box.sum + amount };

/** As `defineActor` takes it. */
const plainTill = (isCareful: boolean) => ({
  protocol: till,
  initial: () => empty,
  receive: (box: Box, message: Payment, turn: ReducerTurn<typeof till>): Box => {
    if (message.type === "sum") {
      turn.reply({ sum: box.sum });
      return box;
    }
    const next = paid(box, message, isCareful);
    if (next !== box) turn.emit({ type: "counted", sum: next.sum });
    if (message.sender !== undefined) turn.tell(slips, message.sender, { type: "slip", id: message.id });
    return next;
  },
});

/** It answers nobody, so that its customers pay for ever. */
const transitionTill = (isCareful: boolean) =>
  fromTransition((box: Box, message: Payment, { emit }) => {
    if (message.type === "sum") return box;
    const next = paid(box, message, isCareful);
    if (next !== box) (emit as (event: object) => void)({ type: "counted", sum: next.sum });
    return next;
  }, empty);

const history = {
  init: 0,
  next: (counted: number, { kind }: { kind: string }): number => Math.min(counted + +(kind === "emitted"), 2),
};

describe("a plain reducer as a member", () => {
  const check = (isCareful: boolean) =>
    checkTeam({
      members: { till: plainTill(isCareful), customer: { machine: customer, protocol: slips } },
      channels: { lossesMax: 1, inFlightMax: 3 },
      history,
      safe: {
        "paid once": ({ members }) => members.till.context.sum <= 5,
        "counted once": ({ history: counted }) => counted <= 1,
      },
      reachable: { "has its slip": ({ members }) => members.customer.value === "paid" },
    });

  test("holds as a machine does, over a network that loses", () => {
    const result = check(true);
    expect(result.verdict, result.story).toBe("holds");
    expect(result.states).toBeGreaterThan(10);
  });

  test("that counts a payment twice is found, and the story says who sent it", () => {
    const { violation, story } = check(false);
    expect(violation?.name).toBe("paid once");
    expect(story).toMatch(/customer has waited for 1000 ms; it tells till pay/);
    expect(story).toMatch(
      /till gets pay .* from customer; it emits counted \{"sum":10\} and tells customer slip/,
    );
  });

  test("answers questions, and refuses in its own words", () => {
    const facts: string[] = [];
    const result = checkTeam({
      members: {
        till: {
          protocol: till,
          initial: (sum: number) => sum,
          input: 7,
          receive: (sum: number, message: Payment, turn: ReducerTurn<typeof till>): number => {
            if (message.type !== "sum") return sum;
            if (sum > 7) turn.refuse("too much");
            else turn.reply({ sum });
            turn.reply({ sum: -1 });
            return sum + 1;
          },
        },
      },
      events: [{ to: "till", message: { type: "sum" }, ask: true, timesMax: 2 }],
      history: {
        init: 0,
        next: (n, fact) => {
          if (fact.kind === "replied" || fact.kind === "refused") facts.push(JSON.stringify(fact.body));
          return n;
        },
      },
    });
    expect(result.verdict, result.story).toBe("holds");
    expect(new Set(facts)).toEqual(new Set(['{"sum":7}', '"too much"']));
  });

  test("ends by its own word; one that throws, or promises its state, fails", () => {
    const make = (receive: (state: number, message: unknown, turn: ReducerTurn) => unknown) =>
      checkTeam({
        members: { one: { initial: () => 0, receive, mayFail: true } },
        events: [{ to: "one", message: { type: "go" } }],
        safe: { up: ({ members }) => members.one.phase === "up" },
      }).story;
    const stops = (state: number, _: unknown, turn: ReducerTurn): number => {
      turn.stop("enough");
      return state;
    };
    expect(make(stops)).toMatch(/one gets go from outside; it ends \(stopped\)/);
    expect(
      make(() => {
        throw new Error("no idea");
      }),
    ).toMatch(/no idea/);
    expect(make(() => Promise.resolve(1))).toMatch(/Expected receive to return a state, got a promise/);
  });

  test("hears nothing of the end of others, and holds nothing back", () => {
    const got: string[] = [];
    const receive = (state: number, { type }: { type: string }): number => {
      got.push(type);
      return state;
    };
    const result = checkTeam({
      members: {
        one: { initial: () => 0, receive, watches: ["two"] },
        two: { initial: () => 0, receive: (state: number): number => state },
      },
      faults: { two: { crashesMax: 1 } },
      events: [{ to: "one", message: { type: "go" } }],
    });
    expect(result.verdict, result.story).toBe("holds");
    expect(new Set(got)).toEqual(new Set(["go"]));
  });

  test("of symmetric members is folded", () => {
    const members = {
      till: plainTill(true),
      guest: {
        initial: () => 0,
        receive: (n: number, { type }: { type: string }, turn: ReducerTurn): number => {
          if (type === "slip") return n;
          turn.tell(till, at("till"), { type: "pay", id: 1, amount: 5 });
          return n + 1;
        },
        count: 3,
        symmetric: true,
      },
    } as const;
    const events = [{ to: "guest", message: { type: "go" }, timesMax: 3 }];
    const run = (fold: boolean) => checkTeam({ members, events, fold, channels: { inFlightMax: 3 } });
    expect([run(true).verdict, run(false).verdict]).toEqual(["holds", "holds"]);
    expect(run(true).states * 2).toBeLessThan(run(false).states);
  });
});

describe("a fromTransition logic as a member", () => {
  const check = (isCareful: boolean) =>
    checkTeam({
      members: {
        till: { machine: transitionTill(isCareful), protocol: till },
        customer: { machine: customer },
      },
      channels: { duplicatesMax: 1, inFlightMax: 2 },
      history,
      safe: {
        "counted once": ({ history: counted }) => counted <= 1,
        "paid once": ({ members }) => members.till.context.sum <= 5,
      },
    });

  test("holds, and that which counts twice is found", () => {
    expect(check(true).verdict, check(true).story).toBe("holds");
    expect(check(false).violation?.name).toBe("counted once");
    expect(check(false).story).toMatch(/emits counted/);
  });

  test("takes what it sends itself in the same turn", () => {
    const echo = fromTransition((got: readonly string[], { type }: { type: string }, { self }) => {
      if (type === "go") self.send({ type: "again" });
      return [...got, type];
    }, []);
    const seen = new Set<string>();
    checkTeam({
      members: { echo: { machine: echo } },
      events: [{ to: "echo", message: { type: "go" } }],
      safe: { watched: ({ members }) => seen.add(members.echo.context.join(" ")).size > 0 },
    });
    expect([...seen]).toEqual(["", "go again"]);
  });
});

/** Bakes one loaf at a time, each in an oven of its own, and hands it to whoever ordered it. */
const bakery = defineProtocol({
  name: "bakery",
  accepts: { order: question(z.object({}), z.object({ isBaked: z.boolean() })) },
});

/** Heats, bakes; one that stays cold says so, and is over too if it is `hasty`. */
const oven = (isHasty: boolean) =>
  setup({
    types: { context: {} as { isBaked: boolean } },
    actors: { heat: fromCall(() => Promise.resolve(0)) },
  }).createMachine({
    context: { isBaked: false },
    initial: "heating",
    states: {
      heating: { invoke: { src: "heat", onDone: "baking", onError: "cold" } },
      baking: { after: { 1000: "baked" } },
      cold: { entry: sendParent({ type: "spoilt" }), ...(isHasty ? { type: "final" } : {}) },
      baked: { entry: assign({ isBaked: true }), type: "final" },
    },
    output: ({ context }) => context,
  });
const baker = (isHasty = false) =>
  setup({
    types: { context: {} as { asker: ReplyTo | undefined } },
    actors: { oven: oven(isHasty) },
    actions: { note: assign({ asker: ({ event }) => event.replyTo }) },
  }).createMachine({
    context: { asker: undefined },
    initial: "waiting",
    states: {
      waiting: { on: { order: { target: "baking", actions: "note" }, spoilt: {} } },
      baking: {
        meta: { postpone: ["order"] },
        invoke: {
          src: "oven",
          id: "oven",
          onDone: {
            target: "waiting",
            actions: reply(({ event }) => (event as unknown as { output: never }).output, {
              to: ({ context }) => context.asker,
            }) as never,
          },
        },
        on: { spoilt: { target: "baking", reenter: true } },
      },
    },
  });
const guest = setup({
  types: { context: {} as { got: boolean | undefined } },
  actors: { order: asking(bakery, "order") },
}).createMachine({
  context: { got: undefined },
  initial: "hungry",
  states: {
    hungry: {
      invoke: {
        src: "order",
        input: { to: at("baker"), with: {} },
        onDone: { target: "fed", actions: assign({ got: ({ event }) => event.output.isBaked }) },
        onError: "gone",
      },
    },
    fed: {},
    gone: {},
  },
});

describe("a machine with machines as its children", () => {
  type Bakery = TeamView<{ guest: { machine: typeof guest; count: number } }>;
  const bakes = (isHasty = false) => {
    const heat = { done: [0], error: ["no gas"] };
    return {
      members: {
        baker: { machine: baker(isHasty), protocol: bakery, calls: { heat } },
        guest: { machine: guest, count: 2, symmetric: true },
      },
      channels: { lossesMax: 1 },
      safe: {
        "nothing cold is handed out": ({ members }: Bakery) =>
          members.guest.every(({ context }) => context.got !== false),
      },
      reachable: {
        "all are served": ({ members }: Bakery) => members.guest.every(({ value }) => value !== "hungry"),
      },
    };
  };

  test("is looked at with what they are, their calls and their timers", () => {
    const seen = new Set<string>();
    const watched = ({ members: { baker: now } }: { members: { baker: MemberView } }): boolean => {
      const { oven: child } = now.children;
      seen.add(child === undefined ? "no oven" : `${String(child.value)} ${now.calls.join()}`);
      return true;
    };
    const result = checkTeam({ ...bakes(), safe: { ...bakes().safe, watched } });
    expect(result.verdict, result.story).toBe("holds");
    expect([...seen].sort()).toEqual(["baking ", "heating heat", "no oven"]);
    expect(result.folded).toBe(true);
    expect(checkTeam({ ...bakes(), fold: false }).states).toBeGreaterThan(result.states * 1.8);
  });

  test("that takes the end of a cold oven for a loaf is found, and the story can be played again", () => {
    const result = checkTeam(bakes(true));
    expect(result.violation?.name).toBe("nothing cold is handed out");
    expect(result.story).toMatch(
      /the call heat of baker fails with "no gas"; it answers guest\.\d \{"isBaked":false\}/,
    );
    const replay = replayTeam(bakes(true));
    for (const step of result.violation?.steps ?? []) replay.step(step);
    expect(replay.stoppedAt).toBeUndefined();
    expect(replay.broken()).toContain("nothing cold is handed out");
  });

  test("tells and asks through them, and may crash with them and come back", () => {
    const asker = setup({ actors: { guest } }).createMachine({
      initial: "out",
      states: { out: { invoke: { src: "guest", id: "errand" } } },
    });
    const seen = new Set<string>();
    const result = checkTeam({
      members: {
        baker: { machine: baker(), protocol: bakery, calls: { heat: { done: [0] } } },
        asker: { machine: asker, durable: "each-turn" },
      },
      faults: { asker: { crashesMax: 1 } },
      safe: {
        watched: ({ members }) =>
          seen.add(`${members.asker.phase} ${members.asker.children.errand?.value}`).size > 0,
      },
      reachable: { "has its loaf": ({ members }) => members.asker.children.errand?.value === "fed" },
    });
    // The oven may be lit for somebody who has left by then.
    expect(result.violation?.name).toBe("has its loaf");
    expect([...seen].sort()).toEqual([
      "down fed",
      "down gone",
      "down hungry",
      "up fed",
      "up gone",
      "up hungry",
    ]);
  });

  test("may spawn them, by the names that setup gives to them", () => {
    const child = setup({}).createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: {} } });
    const parent = setup({
      types: { context: {} as { child: AnyActorRef | undefined } },
      actors: { child },
    }).createMachine({
      context: { child: undefined },
      on: {
        spawn: { actions: assign({ child: ({ spawn }) => spawn("child", { id: "kid" }) as AnyActorRef }) },
        send: { actions: sendTo(({ context }) => context.child as AnyActorRef, { type: "go" }) },
      },
    });
    const seen = new Set<unknown>();
    const result = checkTeam({
      members: { parent: { machine: parent } },
      events: ["spawn", "send"].map((type) => ({ to: "parent", message: { type } })),
      safe: { watched: ({ members }) => seen.add(members.parent.children.kid?.value).size > 0 },
    });
    expect(result.verdict, result.story).toBe("holds");
    expect([...seen]).toEqual([undefined, "a", "b"]);
  });
});

describe("what cannot be stepped is refused, and says what to do:", () => {
  const child = setup({}).createMachine({});
  const events = [{ to: "m", message: { type: "go" } }];
  const code = "MACHINE_INVALID";

  test.each<readonly [string, unknown, RegExp]>([
    ["a promise as a member", fromPromise(() => Promise.resolve(1)), /to be a machine or a reducer/],
    ["no logic at all", {}, /to be a machine or a reducer/],
    [
      "a child that is spawned without a name",
      setup({}).createMachine({ entry: spawnChild(child, { id: "kid" } as never) as never }),
      /the child "kid" of m to be spawned by a name that setup gives to it/,
    ],
    [
      "one that only a function knows",
      setup({}).createMachine({
        context: ({ spawn }) => ({ kid: spawn(child, { id: "kid" } as never) as unknown }),
      }),
      /the child kid of m to be known by a name that setup gives to it/,
    ],
    [
      "two children of one name",
      setup({ actors: { child } }).createMachine({
        entry: [spawnChild("child", { id: "kid" }), spawnChild("child", { id: "kid" })],
      }),
      /one child "kid" of m at a time/,
    ],
    [
      "a parent in a child's context",
      setup({
        actors: { child: setup({}).createMachine({ context: ({ input }) => ({ parent: input }) as never }) },
      }).createMachine({
        invoke: { src: "child", id: "kid", input: (({ self }: { self: unknown }) => self) as never },
      }),
      /the context of "kid" of m to hold no actor but its own children, got m/,
    ],
  ])("%s", (_, machine, message) => {
    const members = { m: { machine: machine as AnyStateMachine } };
    const run = (): unknown => checkTeam({ members, events });
    expect(run).toThrow(expect.objectContaining({ code }));
    expect(run).toThrow(message);
  });
});
