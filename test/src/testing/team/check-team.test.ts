import { describe, expect, test } from "vitest";
import { assign, raise, setup } from "xstate";
import { fromCall, reply, stopSelf, tell } from "../../../../machines/index.ts";
import type { ActorAddress } from "../../../../protocols/index.ts";
import {
  checkTeam,
  replayTeam,
  type TeamOptions,
  type TeamView,
} from "../../../../src/testing/team/index.ts";
import {
  bank,
  customer,
  echo,
  forgetful,
  letters,
  persistent,
  reader,
  sleeper,
  teller,
  writer,
} from "./ping.ts";

/** All that a team's view can be in, in the words of `say`. */
function everything<O extends TeamOptions<never>>(
  options: O,
  say: (team: never) => unknown,
): { readonly seen: readonly string[]; readonly verdict: string } {
  const seen = new Set<string>();
  const safe = {
    watched: (team: never) => {
      seen.add(JSON.stringify(say(team)));
      return true;
    },
  };
  const { verdict, story } = checkTeam({ ...options, safe } as never);
  if (verdict !== "holds") throw new Error(story);
  return { verdict, seen: [...seen].sort() };
}

type Letters = TeamView<{ reader: { machine: typeof reader } }>;
const got = ({ members }: Letters): readonly number[] => members.reader.context.got;
const atEnd = (options: object): readonly string[] => {
  const ends: string[] = [];
  checkTeam({
    members: { writer: { machine: writer(3) }, reader: { machine: reader } },
    ...options,
    mayRest: (team: Letters) => {
      ends.push(JSON.stringify(got(team)));
      return true;
    },
  } as never);
  return [...new Set(ends)].sort();
};

describe("the network", () => {
  test("keeps the order of one sender's messages to one receiver, and loses none", () => {
    expect(atEnd({})).toEqual(["[1,2,3]"]);
  });

  test("loses as many messages as it may, any of them", () => {
    expect(atEnd({ channels: { lossesMax: 1 } })).toEqual(["[1,2,3]", "[1,2]", "[1,3]", "[2,3]"]);
    expect(atEnd({ channels: { lossesMax: Number.POSITIVE_INFINITY } })).toHaveLength(8);
  });

  test("doubles as many as it may; the second follows the first", () => {
    expect(atEnd({ channels: { duplicatesMax: 1 } })).toEqual([
      "[1,1,2,3]",
      "[1,2,2,3]",
      "[1,2,3,3]",
      "[1,2,3]",
    ]);
  });

  test("lets as many overtake as it may", () => {
    const once = ["[1,2,3]", "[1,3,2]", "[2,1,3]", "[3,1,2]"];
    expect(atEnd({ channels: { overtakesMax: 1 } })).toEqual(once);
    // 3 2 1 takes two: 3 before both, then 2 before 1.
    expect(atEnd({ channels: { overtakesMax: 2 } })).toHaveLength(6);
    expect(atEnd({ channels: { overtakesMax: Number.POSITIVE_INFINITY } })).toHaveLength(6);
  });

  test("spares messages that are not faulty", () => {
    const channels = { lossesMax: 3, duplicatesMax: 1, overtakesMax: 1, faulty: () => false };
    expect(atEnd({ channels })).toEqual(["[1,2,3]"]);
  });

  test("without any order holds one state for messages under way, however they came there", () => {
    const machine = setup({
      actors: { call: fromCall(() => Promise.reject(new Error("not in a check"))) },
    }).createMachine({
      invoke: [1, 2].map((n) => ({
        src: "call" as const,
        id: `call${n}`,
        onDone: { actions: tell(letters, "reader" as ActorAddress, { type: "letter", n }) },
      })),
    });
    const deaf = setup({}).createMachine({ on: { letter: {} } });
    const members = { caller: { machine, calls: { call: { done: [0] } } }, reader: { machine: deaf } };
    const channels = { overtakesMax: Number.POSITIVE_INFINITY };
    // Each call runs, or its letter is under way, or it has arrived.
    expect(checkTeam({ members, channels }).states).toBe(9);
    expect(checkTeam({ members }).states).toBe(10);
    const replay = replayTeam({
      members: { writer: { machine: writer(2) }, reader: { machine: reader } },
      channels,
    });
    expect(replay.possible()).toEqual([1, 2].map((n) => `reader gets letter {"n":${n}} from writer`));
  });

  test("orders nothing between two senders", () => {
    const members = {
      one: { machine: writer(1) },
      two: {
        machine: setup({}).createMachine({
          entry: tell(letters, "reader" as ActorAddress, { type: "letter", n: 2 }),
        }),
      },
      reader: { machine: reader },
    };
    expect(atEnd({ members })).toEqual(["[1,2]", "[2,1]"]);
  });
});

describe("time", () => {
  const clock = setup({
    types: { context: {} as { rang: readonly number[] } },
    actions: { ring: assign({ rang: ({ context }, n: number) => [...context.rang, n] }) },
  }).createMachine({
    context: { rang: [] },
    entry: [30, 10, 20].map((delay) => raise({ type: `t${delay}` }, { delay })),
    on: Object.fromEntries(
      [10, 20, 30].map((n) => [`t${n}`, { actions: { type: "ring", params: n } as const }]),
    ),
  });
  type Clocks = TeamView<{ clock: { machine: typeof clock } }>;

  test("timers of one member are due in the order of their delays", () => {
    const { seen } = everything(
      { members: { clock: { machine: clock } } } as never,
      (({ members }: Clocks) => members.clock.context.rang) as never,
    );
    expect(seen).toEqual(["[10,20,30]", "[10,20]", "[10]", "[]"]);
  });

  test("a timer that was set later may be due before a longer one that was set before, and after it", () => {
    const late = setup({ types: { context: {} as { rang: string } } }).createMachine({
      context: { rang: "" },
      entry: raise({ type: "long" }, { delay: 100 }),
      on: {
        letter: { actions: raise({ type: "short" }, { delay: 10 }) },
        long: { actions: assign({ rang: ({ context }) => `${context.rang}L` }) },
        short: { actions: assign({ rang: ({ context }) => `${context.rang}s` }) },
      },
    });
    const { seen } = everything(
      { members: { writer: { machine: writer(1, "late") }, late: { machine: late } } } as never,
      (({ members }: { members: { late: { context: { rang: string } } } }) =>
        members.late.context.rang) as never,
    );
    expect(seen).toEqual(['""', '"L"', '"Ls"', '"s"', '"sL"']);
  });

  const impatient = setup({}).createMachine({
    initial: "waiting",
    states: {
      waiting: { on: { letter: "glad" }, after: { 100: "sad" } },
      glad: {},
      sad: { on: { letter: {} } },
    },
  });
  const members = { writer: { machine: writer(1, "impatient") }, impatient: { machine: impatient } };
  const value = (({ members }: { members: { impatient: { value: string } } }) =>
    members.impatient.value) as never;

  test("passes while messages are under way, unless they are never late", () => {
    expect(everything({ members } as never, value).seen).toEqual(['"glad"', '"sad"', '"waiting"']);
    const prompt = { members, channels: { delaysMax: 0 } } as never;
    expect(everything(prompt, value).seen).toEqual(['"glad"', '"waiting"']);
    const lossy = { members, channels: { delaysMax: 0, lossesMax: 1 } } as never;
    expect(everything(lossy, value).seen).toEqual(['"glad"', '"sad"', '"waiting"']);
  });

  test("a timer that was set with the id of another replaces it", () => {
    const machine = setup({ types: { context: {} as { rang: string } } }).createMachine({
      context: { rang: "" },
      entry: [raise({ type: "a" }, { delay: 10, id: "t" }), raise({ type: "b" }, { delay: 20, id: "t" })],
      on: {
        a: { actions: assign({ rang: "a" }) },
        b: { actions: assign({ rang: ({ context }) => `${context.rang}b` }) },
      },
    });
    const say = (({ members }: { members: { m: { context: { rang: string } } } }) =>
      members.m.context.rang) as never;
    expect(everything({ members: { m: { machine } } } as never, say).seen).toEqual(['""', '"b"']);
  });

  test("of two timers of one delay the one set first is due first", () => {
    const machine = setup({ types: { context: {} as { rang: string } } }).createMachine({
      context: { rang: "" },
      entry: [raise({ type: "a" }, { delay: 10 }), raise({ type: "b" }, { delay: 10 })],
      on: {
        a: { actions: assign({ rang: ({ context }) => `${context.rang}a` }) },
        b: { actions: assign({ rang: ({ context }) => `${context.rang}b` }) },
      },
    });
    const say = (({ members }: { members: { m: { context: { rang: string } } } }) =>
      members.m.context.rang) as never;
    expect(everything({ members: { m: { machine } } } as never, say).seen).toEqual(['""', '"a"', '"ab"']);
  });

  test("a cancelled timer is never due", () => {
    const machine = setup({}).createMachine({
      initial: "a",
      states: { a: { after: { 10: "b", 20: "c" } }, b: {}, c: {} },
    });
    const say = (({ members }: { members: { m: { value: string } } }) => members.m.value) as never;
    expect(everything({ members: { m: { machine } } } as never, say).seen).toEqual(['"a"', '"b"']);
  });
});

describe("questions", () => {
  const results = (options: object, of = "me"): readonly unknown[] => {
    const members = {
      teller: { machine: teller, protocol: bank },
      customer: { machine: customer, input: { of } },
    };
    const say = (({ members: { customer: c } }: { members: { customer: { context: { got: unknown } } } }) =>
      c.context.got ?? null) as never;
    const { seen } = everything({ members, ...options } as never, say);
    return seen.map((text) => JSON.parse(text) as unknown);
  };

  test("are answered, or time out before the answer arrives, which is dropped then", () => {
    expect(results({})).toEqual(["ASK_TIMEOUT", 7, null]);
    expect(results({ channels: { delaysMax: 0 } })).toEqual([7, null]);
  });

  test("time out where the question or its answer is lost", () => {
    expect(results({ channels: { delaysMax: 0, lossesMax: 1 } })).toEqual(["ASK_TIMEOUT", 7, null]);
  });

  test("are refused with the machine's reason", () => {
    expect(results({ channels: { delaysMax: 0 } }, "nobody")).toEqual(["REFUSED", null]);
  });

  test("are refused by a machine that cannot take them, or speaks another protocol", () => {
    const deaf = {
      teller: { machine: setup({}).createMachine({}) },
      customer: { machine: customer, input: { of: "me" } },
    };
    expect(results({ members: deaf, channels: { delaysMax: 0 } })).toEqual(["MESSAGE_UNEXPECTED", null]);
    const foreign = { ...deaf, teller: { machine: reader, protocol: letters } };
    expect(results({ members: foreign, channels: { delaysMax: 0 } })).toEqual(["PROTOCOL_UNKNOWN", null]);
  });

  test("to a member that has ended are refused", () => {
    const machine = setup({}).createMachine({ initial: "over", states: { over: { type: "final" } } });
    const gone = { teller: { machine }, customer: { machine: customer, input: { of: "me" } } };
    expect(results({ members: gone, channels: { delaysMax: 0 } })).toEqual(["ACTOR_STOPPED", null]);
  });

  test("that cannot be sent are refused at once, and never arrive", () => {
    expect(results({ members: { customer: { machine: customer, input: { of: 7 } } } })).toEqual([
      "MESSAGE_INVALID",
      null,
    ]);
  });

  test("that nobody answers leave the team in a state where it must not rest", () => {
    const silent = setup({}).createMachine({ on: { balance: {} } });
    const { violation, story } = checkTeam({
      members: { teller: { machine: silent }, customer: { machine: customer, input: { of: "me" } } },
    });
    expect(violation).toMatchObject({ kind: "deadlock" });
    expect(story).toContain("waits no longer for the answer to balance of teller (100 ms)");
  });

  test("of one member do not take the answers of others, though their numbers come again", () => {
    const result = checkTeam({
      members: { again: { machine: persistent }, echo: { machine: echo, protocol: bank } },
      channels: { lossesMax: 1, inFlightMax: 6 },
      safe: { "answers fit": ({ members }) => !members.again.context.wrong },
    });
    expect(result.verdict, result.story).toBe("holds");
    expect(result.states).toBeGreaterThan(30);
    expect(result.localSteps).toBeGreaterThan(10);
  });

  test("of one member are numbered by what is spoken of now, not by what was when it first asked so", () => {
    const result = checkTeam({
      members: { forgetful: { machine: forgetful }, echo: { machine: echo, protocol: bank } },
      safe: { "the second answer is to the second": ({ members }) => members.forgetful.context.got !== 1 },
      reachable: { over: ({ members }) => members.forgetful.matches("over") },
    });
    expect(result.verdict, result.story).toBe("holds");
  });

  test("that are answered have no deadline any more", () => {
    const members = {
      teller: { machine: teller, protocol: bank },
      customer: { machine: customer, input: { of: "me" } },
    };
    const replay = replayTeam({ members });
    for (const name of replay.possible()) if (name.startsWith("teller")) replay.step(name);
    replay.step('customer gets the answer {"amount":7} of teller to balance');
    expect(replay.stoppedAt).toBeUndefined();
    expect(replay.possible()).toEqual([]);
  });

  test("that come twice are taken once, while they are not answered", () => {
    const machine = setup({ types: { context: {} as { taken: number } } }).createMachine({
      context: { taken: 0 },
      on: { balance: { actions: assign({ taken: ({ context }) => context.taken + 1 }) } },
    });
    const result = checkTeam({
      members: { teller: { machine }, customer: { machine: customer, input: { of: "me" } } },
      channels: { duplicatesMax: 2 },
      safe: { once: ({ members }) => members.teller.context.taken <= 1 },
      mayRest: () => true,
    });
    expect(result.verdict, result.story).toBe("holds");
  });

  test("end with their member: whoever waits is told so", () => {
    const leaving = setup({}).createMachine({ on: { balance: { actions: stopSelf() } } });
    const members = { teller: { machine: leaving }, customer: { machine: customer, input: { of: "me" } } };
    expect(results({ members, channels: { delaysMax: 0 } })).toEqual(["NO_REPLY", null]);
  });

  test("answered with what is no reply make their member fail, and are told so", () => {
    const odd = setup({}).createMachine({
      on: { balance: { actions: reply(() => ({ amount: "much" }) as never) } },
    });
    const members = {
      teller: { machine: odd, protocol: bank, mayFail: true },
      customer: { machine: customer, input: { of: "me" } },
    };
    expect(results({ members, channels: { delaysMax: 0 } })).toEqual(["REPLY_INVALID", null]);
    const strict = { ...members, teller: { machine: odd, protocol: bank } };
    expect(checkTeam({ members: strict }).violation?.name).toBe("no member fails");
  });

  test("that are answered too late are noticed: nobody waits for the answer", () => {
    const members = {
      teller: { machine: teller, protocol: bank },
      customer: { machine: customer, input: { of: "me" } },
    };
    const result = checkTeam({
      members,
      history: { init: 0, next: (late: number, fact) => late + (fact.kind === "late" ? 1 : 0) },
      safe: { "never late": ({ history }) => history === 0 },
    });
    expect(result.violation?.sentences.at(-1)).toBe(
      'customer gets the answer {"amount":7} of teller to balance; it does not wait for it any more.',
    );
  });

  test("have numbers in stories where one asker has several", () => {
    const replay = replayTeam({
      members: { again: { machine: persistent }, echo: { machine: echo, protocol: bank } },
    });
    replay.step("again waits no longer for the answer to balance of echo (10 ms)");
    replay.step('echo gets the question balance {"of":"1"} of again');
    expect(replay.possible()).toContain(
      'echo gets the question balance {"of":"2"} of again (question again/1)',
    );
  });
});

test("held messages are taken up when the state changes, in order, before anything else", () => {
  const waker = setup({}).createMachine({
    entry: [1, 2].map((n) => tell(letters, "sleeper" as ActorAddress, { type: "letter", n })),
    after: { 10: { actions: tell(letters, "sleeper" as ActorAddress, { type: "stop" }) } },
  });
  const other = setup({}).createMachine({
    entry: tell(letters, "sleeper" as ActorAddress, { type: "letter", n: 3 }),
  });
  const options = {
    members: { waker: { machine: waker }, other: { machine: other }, sleeper: { machine: sleeper } },
  } as const;
  const orders = new Set<string>();
  const result = checkTeam({
    ...options,
    safe: {
      "one before two": ({ members }) => {
        orders.add(members.sleeper.context.got.join(""));
        return !members.sleeper.context.got.join("").startsWith("2");
      },
    },
  });
  expect(result.verdict, result.story).toBe("holds");
  expect([...orders].filter((order) => order.length === 3).sort()).toEqual(["123", "132", "312"]);
  const never = checkTeam({
    members: { writer: { machine: writer(1, "sleeper") }, sleeper: { machine: sleeper } },
  });
  expect(never.violation?.kind).toBe("deadlock");
  expect(never.violation?.end).toContain('sleeper is in "asleep", has {"got":[]} and holds back letter');
});

test("held messages go before those that arrive later", () => {
  const machine = setup({}).createMachine({
    entry: [
      { type: "letter" as const, n: 1 },
      { type: "stop" as const },
      { type: "letter" as const, n: 9 },
    ].map((message) => tell(letters, "sleeper" as ActorAddress, message)),
  });
  const result = checkTeam({
    members: { writer: { machine }, sleeper: { machine: sleeper } },
    safe: { "one before nine": ({ members }) => members.sleeper.context.got[0] !== 9 },
    reachable: { both: ({ members }) => members.sleeper.context.got.join() === "1,9" },
  });
  expect(result.verdict, result.story).toBe("holds");
});

describe("calls", () => {
  const caller = setup({ actors: { think: fromCall(() => Promise.reject(new Error("not in a check"))) } });
  const machine = caller.createMachine({
    initial: "thinking",
    states: {
      thinking: { invoke: { src: "think", onDone: "wise", onError: "lost" }, after: { 1000: "tired" } },
      wise: {},
      lost: {},
      tired: {},
    },
  });
  const values = (calls: object): readonly string[] =>
    everything(
      { members: { m: { machine, calls } } } as never,
      (({ members }: { members: { m: { value: string } } }) => members.m.value) as never,
    ).seen;

  test("come to each of their samples, or never", () => {
    expect(values({ think: { done: [1], error: ["no"] } })).toEqual([
      '"lost"',
      '"thinking"',
      '"tired"',
      '"wise"',
    ]);
    expect(values({ think: { done: [1] } })).toEqual(['"thinking"', '"tired"', '"wise"']);
    expect(values({ think: {} })).toEqual(['"thinking"', '"tired"']);
  });

  test("without samples are refused: nothing is left out in silence", () => {
    expect(() => checkTeam({ members: { m: { machine } } })).toThrow(/calls.*what think of m may come to/);
  });

  test("that an assign spawns are calls like others", () => {
    const think = fromCall(() => Promise.reject(new Error("not in a check")));
    const spawning = setup({ types: { context: {} as { think: unknown } }, actors: { think } }).createMachine(
      {
        context: ({ spawn }) => ({ think: spawn("think", { id: "think" }) as unknown }),
        initial: "thinking",
        states: { thinking: { on: { "xstate.done.actor.think": "wise" } }, wise: {} },
      },
    );
    expect(() => checkTeam({ members: { m: { machine: spawning } } })).toThrow(/what think of m may come to/);
    const result = checkTeam({
      members: { m: { machine: spawning, calls: { think: { done: [1] } } } },
      eventually: { wise: ({ members }) => members.m.value === "wise" },
    });
    expect(result.verdict, result.story).toBe("holds");
  });

  test("that never end are not relied on", () => {
    const only = caller.createMachine({
      initial: "thinking",
      states: { thinking: { invoke: { src: "think", onDone: "wise" } }, wise: {} },
    });
    const check = (never: boolean) =>
      checkTeam({
        members: { m: { machine: only, calls: { think: { done: [1], never } } } },
        eventually: { wise: ({ members }) => members.m.matches("wise") },
      });
    expect(check(false).verdict).toBe("holds");
    expect(check(true).violation).toMatchObject({ kind: "never", name: "wise", loopsFrom: 0 });
    expect(check(true).story).toContain("There it stays.");
  });
});

describe("a crash", () => {
  const counted = (options: object): readonly string[] => {
    const ends: string[] = [];
    const result = checkTeam({
      members: { writer: { machine: writer(2) }, reader: { machine: reader, ...options } },
      faults: { reader: { crashesMax: 1 } },
      mayRest: ({ members }) => {
        if (members.reader.phase === "up") ends.push(JSON.stringify(members.reader.context.got));
        return true;
      },
    });
    expect(result.verdict, result.story).toBe("holds");
    return [...new Set(ends)].sort();
  };

  test("takes all that a member knew, and what arrives while it is down", () => {
    expect(counted({})).toEqual(["[1,2]", "[2]", "[]"]);
  });

  test("takes nothing from a durable member; messages wait for it", () => {
    expect(counted({ durable: "each-turn" })).toEqual(["[1,2]"]);
  });

  test("takes what was not written yet", () => {
    expect(counted({ durable: "later" })).toEqual(["[1,2]", "[1]", "[2]", "[]"]);
    const durable = ({ context }: { context: { got: readonly number[] } }): boolean =>
      context.got.length === 2;
    expect(counted({ durable })).toEqual(["[1,2]", "[2]"]);
  });

  test("leaves of a member what it begins with, also to be seen", () => {
    const result = checkTeam({
      members: { writer: { machine: writer(1) }, reader: { machine: reader } },
      faults: { reader: { crashesMax: 1 } },
      safe: { forgotten: ({ members: { reader: r } }) => r.phase === "up" || r.context.got.length === 0 },
    });
    expect(result.verdict, result.story).toBe("holds");
  });

  test("that nothing follows leaves what is sent to a durable member waiting for ever", () => {
    const result = checkTeam({
      members: { writer: { machine: writer(1) }, reader: { machine: reader, durable: "each-turn" } },
      faults: { reader: { crashesMax: 1, restarts: false } },
    });
    expect(result.violation).toMatchObject({ kind: "deadlock", steps: ["reader crashes"] });
  });

  test("is heard of by those who watch, once for each", () => {
    const watcher = setup({ types: { context: {} as { heard: readonly string[] } } }).createMachine({
      context: { heard: [] },
      on: {
        "coxswain.down": {
          actions: assign({
            heard: ({ context, event }) => {
              const { address, activation, outcome } = event as never as Record<string, { kind: string }>;
              return [...context.heard, `${address} ${activation} ${outcome?.kind}`];
            },
          }),
        },
      },
    });
    const { seen } = everything(
      {
        members: { watcher: { machine: watcher, watches: ["reader"] }, reader: { machine: reader } },
        faults: { reader: { crashesMax: 2 } },
      } as never,
      (({ members }: { members: { watcher: { context: { heard: unknown } } } }) =>
        members.watcher.context.heard) as never,
    );
    expect(seen.map((text) => (JSON.parse(text) as string[]).length)).toEqual([2, 1, 0]);
    expect(seen[0]).toBe('["reader reader#0 lost","reader reader#1 lost"]');
  });

  test("without restarts is for good", () => {
    const result = checkTeam({
      members: { writer: { machine: writer(1) }, reader: { machine: reader } },
      faults: { reader: { crashesMax: 1, restarts: false } },
      safe: { "no second life": ({ members }) => members.reader.context.got.length <= 1 },
      reachable: { up: ({ members }) => members.reader.phase === "up" },
    });
    expect(result.violation).toMatchObject({ kind: "trap", name: "up", steps: ["reader crashes"] });
  });
});

describe("a machine that throws", () => {
  const faulty = setup({}).createMachine({
    on: {
      letter: {
        actions: assign(() => {
          throw new Error("I cannot read");
        }),
      },
    },
  });

  test("is a broken property, and the story says what it threw", () => {
    const { violation, story } = checkTeam({
      members: { writer: { machine: writer(1) }, reader: { machine: faulty } },
    });
    expect(violation).toMatchObject({ kind: "unsafe", name: "no member fails" });
    expect(story).toContain('reader gets letter {"n":1} from writer; it fails: Error: I cannot read.');
  });

  test("says nothing of what it would have said in that turn", () => {
    const half = setup({}).createMachine({
      on: {
        letter: {
          actions: [
            tell(letters, "other" as ActorAddress, { type: "stop" }),
            assign(() => {
              throw new Error("too late");
            }),
          ],
        },
      },
    });
    const result = checkTeam({
      members: {
        writer: { machine: writer(1) },
        reader: { machine: half, mayFail: true },
        other: { machine: reader },
      },
      safe: { silence: ({ inFlight }) => inFlight.every(({ to }) => to === "reader") },
    });
    expect(result.verdict, result.story).toBe("holds");
  });

  test("fails as well when it does not handle the error of its call", () => {
    const machine = setup({
      actors: { think: fromCall(() => Promise.reject(new Error("not in a check"))) },
    }).createMachine({ invoke: { src: "think" } });
    const calls = { think: { done: [1], error: ["no idea"] } };
    const result = checkTeam({ members: { thinker: { machine, calls } } });
    expect(result.violation?.sentences).toEqual([
      'the call think of thinker fails with "no idea"; it fails: no idea.',
    ]);
  });

  test("may be allowed to, and ends", () => {
    const { verdict } = checkTeam({
      members: { writer: { machine: writer(1) }, reader: { machine: faulty, mayFail: true } },
      reachable: { failed: ({ members }) => members.reader.outcome?.kind === "failed" },
    });
    expect(verdict).toBe("holds");
  });

  test("fails as well by a message that its protocol does not have, and by a throwing guard", () => {
    const wrong = setup({}).createMachine({
      entry: tell(letters, "reader" as ActorAddress, { type: "letter", n: "one" } as never),
    });
    const message = checkTeam({ members: { writer: { machine: wrong }, reader: { machine: reader } } });
    expect(message.violation?.name).toBe("no member fails");
    const nowhere = checkTeam({ members: { writer: { machine: writer(1, "no address") } } });
    expect(nowhere.violation?.name).toBe("no member fails");
    const guard = setup({}).createMachine({
      on: {
        letter: {
          guard: () => {
            throw new Error("no");
          },
        },
      },
    });
    const thrown = checkTeam({ members: { writer: { machine: writer(1) }, reader: { machine: guard } } });
    expect(thrown.violation?.name).toBe("no member fails");
  });
});

test("a member ends by its own word, in good order", () => {
  const machine = setup({}).createMachine({ on: { letter: { actions: stopSelf("enough") } } });
  const { verdict } = checkTeam({
    members: { writer: { machine: writer(2) }, reader: { machine } },
    reachable: { ended: ({ members }) => members.reader.outcome?.kind === "stopped" },
  });
  expect(verdict).toBe("holds");
});

describe("events from outside", () => {
  test("happen as often as they may, and are checked", () => {
    const members = { reader: { machine: reader, protocol: letters } };
    const say = (({ members: { reader: r } }: Letters) => r.context.got.length) as never;
    const events = [{ to: "reader", message: { type: "letter", n: 1 }, timesMax: 2 }];
    expect(everything({ members, events } as never, say).seen).toEqual(["0", "1", "2"]);
    const wrong = { members, events: [{ to: "reader", message: { type: "letter", n: "x" } }] };
    expect(() => checkTeam(wrong)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });

  test("may be questions, whose answers the history remembers", () => {
    const result = checkTeam({
      members: { teller: { machine: teller, protocol: bank, count: 2, symmetric: true } },
      events: [{ to: "teller", message: { type: "balance", of: "me" }, timesMax: 3, ask: true }],
      history: {
        init: { answers: 0 },
        next: ({ answers }, fact) => ({ answers: answers + (fact.kind === "replied" ? 1 : 0) }),
      },
      reachable: { "three answers": ({ history }) => history.answers === 3 },
      safe: { "no more": ({ history }) => history.answers <= 3 },
    });
    expect(result.verdict, result.story).toBe("holds");
    expect(result.depth).toBe(3);
  });
});

describe("what has to come at last", () => {
  // Rings again and again until it is heard.
  const bell = setup({}).createMachine({
    initial: "ringing",
    states: {
      ringing: {
        entry: tell(letters, "reader" as ActorAddress, { type: "letter", n: 1 }),
        after: { 10: { target: "ringing", reenter: true } },
      },
    },
  });
  const once = setup({}).createMachine({
    initial: "deaf",
    states: { deaf: { on: { letter: "heard" } }, heard: { on: { letter: {} } } },
  });
  const run = (lossesMax: number) =>
    checkTeam({
      members: { bell: { machine: bell }, reader: { machine: once } },
      channels: { lossesMax, inFlightMax: 1 },
      eventually: { heard: ({ members }) => members.reader.matches("heard") },
    });

  test("comes where a network loses a number of messages, as it is tried again", () => {
    expect(run(3).verdict, run(3).story).toBe("holds");
  });

  test("may never come where it loses any number; the story shows the round", () => {
    const { violation, story } = run(Number.POSITIVE_INFINITY);
    expect(violation).toMatchObject({ kind: "never", name: "heard" });
    expect(story).toContain("From here on, again and again:");
    expect(story).toContain("the network loses letter");
  });
});

describe("limits", () => {
  const talker = setup({}).createMachine({
    initial: "on",
    states: {
      on: {
        entry: tell(letters, "reader" as ActorAddress, { type: "stop" }),
        after: { 1: { target: "on", reenter: true } },
      },
    },
  });
  const members = { talker: { machine: talker }, reader: { machine: reader } };

  test("that nobody set leave a check undecided, and say so; those that are set are the team's", () => {
    const free = checkTeam({ members });
    expect(free.verdict).toBe("undecided");
    expect(free.limits.join()).toMatch(
      /steps of talker were not taken, as more than 4 messages \(inFlightMax\)/,
    );
    const bound = checkTeam({ members, channels: { inFlightMax: 2 } });
    expect(bound.verdict).toBe("holds");
    expect(bound.limits.join()).toContain("more than 2 messages");
    expect(bound.states).toBe(3);
  });

  test("do not hide members that answer each message with more than one", () => {
    const echoing = (to: string) =>
      setup({}).createMachine({
        on: {
          letter: {
            actions: [1, 2].map((n) => tell(letters, to as ActorAddress, { type: "letter", n })),
          },
        },
      });
    const result = checkTeam({
      members: {
        writer: { machine: writer(1, "a") },
        a: { machine: echoing("b") },
        b: { machine: echoing("a") },
      },
      channels: { inFlightMax: 1 },
    });
    expect(result.violation).toMatchObject({ kind: "unsafe", name: "messages do not multiply" });
  });

  test("of states end a check undecided", () => {
    const result = checkTeam({ members, channels: { inFlightMax: 20 }, statesMax: 5 });
    expect(result.verdict).toBe("undecided");
    expect(result.story).toContain("the search ended at statesMax, 5 states");
  });
});

describe("options that contradict themselves are refused:", () => {
  const one = { machine: reader };
  test.each([
    ["no members", { members: {} }, "OPTION_INVALID"],
    ["a count of 0", { members: { m: { ...one, count: 0 } } }, "OPTION_INVALID"],
    ["a name that is no address", { members: { "a b": one } }, "ADDRESS_INVALID"],
    ["seven symmetric members", { members: { m: { ...one, count: 7, symmetric: true } } }, "OPTION_INVALID"],
    [
      "names within names",
      { members: { m: { ...one, count: 2, symmetric: true }, "x.m.1": one } },
      "OPTION_INVALID",
    ],
    ["faults of a stranger", { members: { m: one }, faults: { x: { crashesMax: 1 } } }, "OPTION_INVALID"],
    [
      "events to a stranger",
      { members: { m: one }, events: [{ to: "x", message: { type: "a" } }] },
      "OPTION_INVALID",
    ],
    ["a negative bound", { members: { m: one }, channels: { lossesMax: -1 } }, "OPTION_INVALID"],
    ["no room for messages", { members: { m: one }, channels: { inFlightMax: 0 } }, "OPTION_INVALID"],
    [
      "a question to a stranger",
      { members: { m: { machine: customer, input: { of: "x" } } } },
      "OPTION_INVALID",
    ],
    ["a watch on a stranger", { members: { m: { ...one, watches: ["x"] } } }, "OPTION_INVALID"],
  ])("%s", (_, options, code) => {
    expect(() => checkTeam(options as never)).toThrow(expect.objectContaining({ code }));
  });
});
