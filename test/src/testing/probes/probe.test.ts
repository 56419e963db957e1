import { describe, expect, test } from "vitest";
import type { MessageOf } from "../../../../protocols/index.ts";
import { createSystem } from "../../../../src/index.ts";
import type { MessagePattern, ProbeOptions } from "../../../../src/testing/probes/index.ts";
import { type Probe, ProbeFailed, spawnProbe } from "../../../../src/testing/probes/index.ts";
import { simulate } from "../../../../src/testing/simulation/index.ts";
import { bank, clock, clockActor, failureOf, stillSystem } from "./probe-system.ts";

async function probed(options: ProbeOptions = {}) {
  const { system, env, advance } = await stillSystem();
  const probe = await spawnProbe(system, "bank", bank, { advance, ...options });
  const ref = system.ref("bank", bank);
  const alarm = await system.spawn("alarm", clockActor);
  const close = async (): Promise<void> => {
    await probe[Symbol.asyncDispose]();
    await system.drain();
  };
  return { system, env, probe, ref, alarm, advance, [Symbol.asyncDispose]: close };
}

type Expected = MessageOf<typeof bank>["type"] | MessagePattern<typeof bank>;
const ada = { name: "ada", tags: ["vip", "old"] };

describe("expectMessage", () => {
  test("takes the next message by its type, by some of its fields, or by a predicate, and gives it with its sender", async () => {
    await using bench = await probed();
    const { probe, ref, alarm } = bench;
    ref.tell({ type: "open", owner: ada });
    ref.tell({ type: "deposit", account: "a", amount: 5 });
    ref.tell({ type: "deposit", account: "a", amount: 6 });
    alarm.tell({ type: "ring" });
    expect(await probe.expectMessage("open")).toEqual({ type: "open", owner: ada });
    const { account } = await probe.expectMessage({ type: "deposit", amount: 5 });
    expect(account).toBe("a");
    const isSix = (message: { type: string }): boolean => "amount" in message && message.amount === 6;
    expect(await probe.expectMessage(isSix)).toMatchObject({ type: "deposit", amount: 6 });
    expect(await probe.expectMessage({ type: "close", sender: alarm.address })).toEqual({
      type: "close",
      sender: "alarm",
    });
  });

  test("compares fields within fields, lists with their length, and matchers of a test runner", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    const opened = async (expected: Expected): Promise<string> => {
      ref.tell({ type: "open", owner: ada });
      return probe.expectMessage(expected).then(
        () => "met",
        ({ message }: Error) => message.split("\n")[1]?.trim() ?? "",
      );
    };
    expect(await opened({ type: "open", owner: { name: "ada" } })).toBe("met");
    expect(await opened({ type: "open", owner: { tags: ["vip", "old"] } })).toBe("met");
    expect(await opened({ type: "open", owner: expect.objectContaining({ name: "ada" }) })).toBe("met");
    expect(await opened({ type: "open", owner: { name: "bob" } })).toBe(
      'owner.name: expected "bob", got "ada"',
    );
    expect(await opened({ type: "open", owner: { tags: ["vip"] } })).toBe(
      'owner.tags: expected ["vip"], got ["vip","old"]',
    );
    expect(await opened({ type: "open", owner: { tags: ["vip", "new"] } })).toBe(
      'owner.tags.1: expected "new", got "old"',
    );
    expect(await opened({ type: "open", owner: expect.objectContaining({ name: "bob" }) })).toMatch(
      /^owner: /,
    );
    expect(await opened("close")).toBe("expected close, got open");
    ref.tell({ type: "close" });
    expect((await failureOf(probe.expectMessage(() => false))).message).toContain(
      "Expected bank to get a message for which the predicate holds, got close\n",
    );
  });

  test("waits in the system's own time for one that is still to come", async () => {
    await using bench = await probed();
    const { probe, alarm, env } = bench;
    alarm.tell({ type: "start", afterMs: 40_000 });
    await probe.expectMessage("close", { withinMs: 40_010 });
    expect(env.monotonicMs()).toBeGreaterThanOrEqual(40_000);
    expect(env.monotonicMs()).toBeLessThan(40_010);
  });

  test("fails where none comes in time, by default after 3 s", async () => {
    await using bench = await probed();
    const { probe, alarm, env } = bench;
    alarm.tell({ type: "start", afterMs: 3_100 });
    const bornMs = env.monotonicMs();
    const failure = await failureOf(probe.expectMessage("close"));
    expect(failure).toBeInstanceOf(ProbeFailed);
    expect(failure.message).toBe(
      "Expected bank to get close within 3000 ms, got none\nbank has got no message.",
    );
    expect(env.monotonicMs() - bornMs).toBe(3_000);
    await probe.expectMessage("close", { withinMs: 101 });
    await using brisk = await probed({ withinMs: 7 });
    expect((await failureOf(brisk.probe.expectMessage("close"))).message).toContain("within 7 ms");
  });

  test("fails at once with another message, and tells what differs, what came, and what still waits", async () => {
    await using bench = await probed();
    const { system, probe, ref, env } = bench;
    env.advance(20);
    for (let n = 1; n <= 12; n++) ref.tell({ type: "deposit", account: "a", amount: n });
    await probe.expectMessages(11);
    env.advance(7);
    const asked = failureOf(system.ref("bank", bank).ask({ type: "balance", account: "a" }));
    await expect.poll(() => probe.messages.length).toBe(13);
    const failure = await failureOf(probe.expectMessage({ type: "deposit", account: "b", amount: 13 }));
    expect(failure.message).toBe(
      [
        'Expected bank to get deposit {"account":"b","amount":13}, got deposit {"account":"a","amount":12}',
        '  account: expected "b", got "a"',
        "  amount: expected 13, got 12",
        "The last 10 of 13 messages of bank:",
        ...[4, 5, 6, 7, 8, 9, 10, 11].map((n) => `  20 ms  deposit {"account":"a","amount":${n}}`),
        '  20 ms  deposit {"account":"a","amount":12} (not as expected)',
        '  27 ms  balance {"account":"a"} (not looked at)',
        'Still to be answered: balance {"account":"a"}',
      ].join("\n"),
    );
    expect(failure).toMatchObject({
      name: "ProbeFailed",
      expected: { type: "deposit", account: "b", amount: 13 },
      actual: { type: "deposit", account: "a", amount: 12 },
    });
    await probe[Symbol.asyncDispose]();
    expect((await asked).message).toContain("ended");
  });

  test("that wait are met in the order in which they began", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    const both = Promise.all([probe.expectMessage("open"), probe.expectMessage("close")]);
    ref.tell({ type: "open", owner: ada });
    ref.tell({ type: "close" });
    expect((await both).map(({ type }) => type)).toEqual(["open", "close"]);
  });

  test("fails at once where the probe's actor has ended", async () => {
    await using bench = await probed();
    const { probe, env } = bench;
    const failure = failureOf(probe.expectMessage("close"));
    await probe.ref.stop("no more");
    expect((await failure).message).toMatch(
      /^Expected bank to get more messages, but bank has ended \(stopped\): no more\n/,
    );
    expect(env.monotonicMs()).toBeLessThan(3_000);
  });
});

test("in a simulation a probe waits on its node's clock, and nothing has to be advanced", async () => {
  let got: unknown;
  await simulate({
    seed: 1,
    nodes: ["a"],
    untilMs: 3_600_000,
    scenario: () => ({
      boot: async ({ env, connect }) => {
        const system = await createSystem({ name: "sim", node: "a", transport: await connect(), env });
        const probe = await spawnProbe(system, "bank", bank);
        const alarm = await system.spawn("alarm", clockActor);
        alarm.tell({ type: "start", afterMs: 3_000_000 });
        void probe.expectMessage("close", { withinMs: 3_100_000 }).then((message) => {
          got = message;
        });
      },
    }),
  });
  expect(got).toEqual({ type: "close", sender: "alarm" });
});

describe("several messages", () => {
  test("are expected in order, by number or one by one", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    const send = (): void => {
      ref.tell({ type: "deposit", account: "a", amount: 1 });
      ref.tell({ type: "close" });
    };
    send();
    expect((await probe.expectMessages(2)).map(({ type }) => type)).toEqual(["deposit", "close"]);
    send();
    const [deposit, close] = await probe.expectMessages([{ type: "deposit", amount: 1 }, "close"]);
    expect([deposit.amount, close.type]).toEqual([1, "close"]);
    send();
    const failure = await failureOf(probe.expectMessages(["close", "deposit"]));
    expect(failure.message).toContain("to get close (message 1 of 2), got deposit");
  });

  test("have one time for all of them", async () => {
    await using bench = await probed();
    const { probe, alarm, env } = bench;
    alarm.tell({ type: "start", afterMs: 80 });
    const failure = await failureOf(probe.expectMessages(2, { withinMs: 100 }));
    expect(failure.message).toContain("a message (message 2 of 2) within 20 ms, got none");
    expect(env.monotonicMs()).toBe(100);
  });

  test("are fished for: others are skipped, and said to be", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    for (const amount of [1, 2, 3]) ref.tell({ type: "deposit", account: "a", amount });
    expect(await probe.fishForMessage({ type: "deposit", amount: 2 })).toMatchObject({ amount: 2 });
    const failure = await failureOf(probe.fishForMessage("close", { withinMs: 10 }));
    expect(failure.message).toContain("to get close within 10 ms, got another");
    expect(failure.message.match(/\(skipped\)/g)).toHaveLength(2);
  });
});

describe("expectNoMessage", () => {
  test("holds while nothing comes, and fails as soon as something does", async () => {
    await using bench = await probed();
    const { probe, alarm, env } = bench;
    alarm.tell({ type: "start", afterMs: 60_000 });
    await probe.expectNoMessage();
    expect(env.monotonicMs()).toBe(100);
    await probe.expectNoMessage({ withinMs: 59_000 });
    const failure = await failureOf(probe.expectNoMessage({ withinMs: 5_000 }));
    expect(failure.message).toMatch(/^Expected bank to get no message for 5000 ms, got close from alarm\n/);
    expect(env.monotonicMs()).toBeLessThan(60_010);
  });

  test("fails at once where a message has come that nobody has looked at", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    ref.tell({ type: "close" });
    await probe.expectMessage("close");
    ref.tell({ type: "close" });
    expect((await failureOf(probe.expectNoMessage())).message).toContain("got close");
    // It is still there to be looked at.
    await probe.expectMessage("close", { withinMs: 0 });
  });
});

describe("within", () => {
  test("leaves to each expectation what is left of the block's time", async () => {
    await using bench = await probed();
    const { system, probe, alarm, env, advance } = bench;
    await using other = await spawnProbe(system, "other", clock, { advance });
    alarm.tell({ type: "start", afterMs: 80 });
    const failure = await failureOf(
      probe.within(100, async (leftMs) => {
        expect(leftMs()).toBe(100);
        await probe.expectMessage("close");
        expect(leftMs()).toBeLessThanOrEqual(20);
        await other.expectMessage("ring", { withinMs: 60_000 });
      }),
    );
    expect(failure.message).toMatch(/^Expected other to get ring within (1?\d|20) ms, got none/);
    expect(env.monotonicMs()).toBe(100);
  });

  test("gives what the block gives, and passes on what it throws", async () => {
    await using bench = await probed();
    const { probe, env } = bench;
    const timers = env.pendingTimers;
    expect(await probe.within(10, () => 7)).toBe(7);
    expect(env.pendingTimers).toBe(timers);
    const thrown = new Error("of the block");
    expect(
      await failureOf(
        probe.within(10, () => {
          throw thrown;
        }),
      ),
    ).toBe(thrown);
  });

  test("ends a block that goes on for too long, whatever it waits for", async () => {
    await using bench = await probed();
    const { probe } = bench;
    const failure = await failureOf(probe.within(50, () => new Promise(() => {})));
    expect(failure.message).toBe("Expected the block to end within 50 ms\nbank has got no message.");
    const stubborn = probe.within(50, async () => {
      await failureOf(probe.expectMessage("close"));
      await new Promise(() => {});
    });
    expect((await failureOf(stubborn)).message).toContain("the block to end within 50 ms");
  });

  test("an inner block has no more time than the outer one", async () => {
    await using bench = await probed();
    const { probe, env } = bench;
    const inner = () => probe.within(500, () => probe.expectMessage("close"));
    expect((await failureOf(probe.within(20, inner))).message).toContain(
      "to get close within 20 ms, got none",
    );
    expect(env.monotonicMs()).toBe(20);
  });

  test("an expectation that does not say how long it waits has all the time of the block", async () => {
    await using bench = await probed();
    bench.alarm.tell({ type: "start", afterMs: 4_000 });
    await bench.probe.within(4_100, () => bench.probe.expectMessage("close"));
  });

  test("ends with what its expectations failed with, even if their timers are late", async () => {
    const { system, env, advance } = await stillSystem((own) => ({
      ...own,
      setTimer: (delayMs, run) => own.setTimer(delayMs < 100 ? delayMs + 5 : delayMs, run),
    }));
    const probe = await spawnProbe(system, "bank", bank, { advance });
    const failure = await failureOf(
      probe.within(100, async () => {
        await probe.expectNoMessage({ withinMs: 30 });
        await probe.expectMessage("close");
      }),
    );
    expect(failure.message).toMatch(/^Expected bank to get close within \d\d ms, got none/);
    expect(env.monotonicMs()).toBe(100);
    await system.drain();
  });

  test("silence lasts as long as the block may", async () => {
    await using bench = await probed();
    const { probe, env } = bench;
    await probe.within(40, () => probe.expectNoMessage({ withinMs: 1_000 }));
    expect(env.monotonicMs()).toBe(40);
    // Behind the block there is no limit any more.
    await probe.expectNoMessage({ withinMs: 1_000 });
    expect(env.monotonicMs()).toBe(1_040);
  });
});

describe("a probe says", () => {
  test("the reply to a question, now or later, once", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    const asked = ref.ask({ type: "balance", account: "a" });
    const question = await probe.expectMessage("balance");
    expect(() => probe.reply(question, { amount: "much" } as never)).toThrow(
      expect.objectContaining({ code: "REPLY_INVALID" }),
    );
    probe.reply(question, { amount: 7 });
    expect(await asked).toEqual({ amount: 7 });
    expect(() => probe.reply(question, { amount: 8 })).toThrow("it has its answer already");
    expect(probe.story()).toContain('balance {"account":"a"} (replied)');
  });

  test("a refusal, with its reason", async () => {
    await using bench = await probed();
    const { probe, ref } = bench;
    const asked = failureOf(ref.ask({ type: "balance", account: "a" }));
    probe.refuse(await probe.expectMessage("balance"), "on Sundays");
    expect(await asked).toMatchObject({ code: "REFUSED", message: "on Sundays" });
    ref.tell({ type: "balance", account: "b" });
    const told = await probe.expectMessage("balance");
    expect(() => probe.refuse(told, "on Sundays")).toThrow("it was told, not asked");
  });

  test("what it tells as its sender, and events", async () => {
    await using bench = await probed();
    const { system, probe, advance } = bench;
    await using other = await spawnProbe(system, "other", clock, { advance });
    probe.tell(clock, "other", { type: "start", afterMs: 1 });
    expect(await other.expectMessage("start")).toEqual({ type: "start", afterMs: 1, sender: "bank" });
    const heard: unknown[] = [];
    using _ = probe.ref.on("opened", (event) => heard.push(event));
    probe.emit({ type: "opened", account: "a" });
    await other.expectNoMessage();
    expect(heard).toEqual([{ type: "opened", account: "a" }]);
  });
});

describe("a probe's limits", () => {
  test("keptMax: what was looked at goes first; what was not is never dropped in silence", async () => {
    await using bench = await probed({ keptMax: 3 });
    const { probe, ref } = bench;
    const send = (amount: number) => ref.tell({ type: "deposit", account: "a", amount });
    for (const amount of [1, 2, 3, 4]) {
      send(amount);
      await probe.expectMessage({ type: "deposit", amount });
    }
    expect(probe.messages.map(({ message }) => "amount" in message && message.amount)).toEqual([2, 3, 4]);
    for (const amount of [5, 6, 7]) send(amount);
    await probe.expectMessage({ type: "deposit", amount: 5 });
    for (const amount of [8, 9]) send(amount);
    const settled = failureOf(probe.ref.ask({ type: "balance", account: "a" }));
    await expect.poll(() => probe.story()).toContain("balance");
    const failure = await failureOf(probe.expectNoMessage());
    expect(failure.message).toContain("not all could be kept");
    expect(failure.message).toContain("more were dropped unread, as only 3 are kept");
    await probe[Symbol.asyncDispose]();
    await settled;
  });

  test("are checked", async () => {
    const { system } = await stillSystem();
    for (const options of [{ keptMax: 0 }, { keptMax: 1.5 }, { withinMs: -1 }, { withinMs: Number.NaN }]) {
      expect(await failureOf(spawnProbe(system, "bank", bank, options))).toMatchObject({
        code: "OPTION_INVALID",
      });
    }
    const probe: Probe<typeof bank> = await spawnProbe(system, "bank", bank);
    expect(
      await failureOf(Promise.resolve().then(() => probe.expectAnyMessage({ withinMs: -1 }))),
    ).toMatchObject({
      code: "OPTION_INVALID",
    });
    await probe[Symbol.asyncDispose]();
    await (await spawnProbe(system, "bank", bank))[Symbol.asyncDispose]();
    await system.drain();
  });
});
