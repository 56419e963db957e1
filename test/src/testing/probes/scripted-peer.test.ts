import { describe, expect, test } from "vitest";
import {
  ProbeFailed,
  type ScriptOptions,
  type ScriptStep,
  scriptPeer,
  spawnProbe,
  telling,
} from "../../../../src/testing/probes/index.ts";
import { bank, clock, failureOf, stillSystem } from "./probe-system.ts";

async function scripted(steps: readonly ScriptStep<typeof bank>[], options: ScriptOptions = {}) {
  const { system, env, advance } = await stillSystem();
  const peer = await scriptPeer(system, "bank", bank, steps, { advance, ...options });
  const balance = (account: string): Promise<unknown> =>
    peer.ref.ask({ type: "balance", account }, { withinMs: 60_000 }).then(
      ({ amount }) => amount,
      ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
    );
  return { system, env, advance, peer, balance };
}

describe("a scripted peer", () => {
  test("answers in order: it replies, refuses, and says nothing", async () => {
    const { peer, balance } = await scripted([
      { expect: { type: "balance", account: "a" }, reply: { amount: 1 } },
      { expect: "balance", reply: ({ account }) => ({ amount: account.length }) },
      { expect: "balance", refuse: "overloaded" },
      { expect: "deposit" },
      { expect: "balance" },
    ]);
    expect([await balance("a"), await balance("long"), await balance("b")]).toEqual([
      1,
      4,
      "REFUSED overloaded",
    ]);
    peer.ref.tell({ type: "deposit", account: "a", amount: 1 });
    const unanswered = balance("c");
    await peer.expectDone();
    await peer[Symbol.asyncDispose]();
    expect(await unanswered).toMatch(/^NO_REPLY/);
  });

  test("tells others, the sender by default, and emits", async () => {
    const { system, peer, advance } = await scripted([
      {
        expect: "close",
        tell: [telling(clock, { type: "ring" }), telling(clock, { type: "start", afterMs: 7 }, "second")],
        emit: { type: "opened", account: "a" },
      },
    ]);
    await using first = await spawnProbe(system, "first", clock, { advance });
    await using second = await spawnProbe(system, "second", clock, { advance });
    const heard: unknown[] = [];
    using _ = peer.ref.on("opened", (event) => heard.push(event));
    first.tell(bank, "bank", { type: "close" });
    expect(await first.expectMessage("ring")).toMatchObject({ sender: "bank" });
    await second.expectMessage({ type: "start", afterMs: 7 });
    await peer.expectDone();
    await expect.poll(() => heard).toEqual([{ type: "opened", account: "a" }]);
    await peer[Symbol.asyncDispose]();
  });

  test("takes its time, and is not done before it has answered", async () => {
    const { peer, balance, env } = await scripted([
      { expect: "balance", reply: { amount: 1 }, afterMs: 4_000 },
    ]);
    const asked = balance("a");
    const failure = await failureOf(peer.expectDone({ withinMs: 3_999 }));
    expect(failure.message).toContain("answers still to be given: 1");
    await peer.expectDone();
    expect(await asked).toBe(1);
    expect(env.monotonicMs()).toBeGreaterThanOrEqual(4_000);
    await peer[Symbol.asyncDispose]();
  });

  test("refuses another message than its script has next, and tells the whole story", async () => {
    const { peer, balance } = await scripted([
      { expect: { type: "balance", account: "a" }, reply: { amount: 1 } },
      { expect: { type: "balance", account: "b" }, reply: { amount: 2 }, times: 2 },
      { expect: "close" },
    ]);
    expect(await balance("a")).toBe(1);
    expect(await balance("c")).toBe(
      'REFUSED bank is scripted: expected step 2, balance {"account":"b"}, got balance {"account":"c"} (account: expected "b", got "c")',
    );
    // It goes on where it was.
    expect(await balance("b")).toBe(2);
    const failure = await failureOf(peer.expectDone());
    expect(failure).toBeInstanceOf(ProbeFailed);
    expect(failure.message).toBe(
      [
        'Expected bank to be asked as its script says: expected step 2, balance {"account":"b"}, got balance {"account":"c"} (account: expected "b", got "c")',
        "  also: 2 of its 3 steps did not come",
        "The script of bank:",
        '  1. balance {"account":"a"}: came',
        '  2. balance {"account":"b"}, 2 times: came once',
        "  3. close: did not come",
        "The messages of bank:",
        '  0 ms  balance {"account":"a"} (step 1, replied)',
        '  0 ms  balance {"account":"c"} (not as the script says)',
        '  0 ms  balance {"account":"b"} (step 2, replied)',
      ].join("\n"),
    );
    // Told once: closing does not tell it again.
    await peer[Symbol.asyncDispose]();
  });

  test("refuses a message too many; closing tells it where nobody has asked", async () => {
    const { peer, balance } = await scripted([{ expect: "balance", reply: { amount: 1 } }]);
    expect(await balance("a")).toBe(1);
    expect(await balance("a")).toContain("REFUSED bank is scripted: the script is over, got balance");
    const failure = await failureOf(peer[Symbol.asyncDispose]());
    expect(failure.message).toContain("the script is over, got balance");
    expect(await failureOf(peer.ref.ask({ type: "balance", account: "a" }))).toMatchObject({
      code: "UNREACHABLE",
    });
  });

  test("fails by a told message too many as well", async () => {
    const { peer } = await scripted([]);
    peer.ref.tell({ type: "close" });
    await expect
      .poll(() => failureOf(Promise.resolve().then(() => peer.assertDone())).then(({ message }) => message))
      .toContain("the script is over, got close");
    await peer[Symbol.asyncDispose]();
  });

  test("that was not asked at all fails", async () => {
    const { peer, env } = await scripted([{ expect: "close" }]);
    const failure = await failureOf(peer.expectDone({ withinMs: 20 }));
    expect(failure.message).toContain("1 of its 1 steps did not come");
    expect(failure.message).toContain("bank has got no message.");
    expect(env.monotonicMs()).toBe(20);
  });

  test("unordered takes its steps in any order, each as often as it says", async () => {
    const { peer, balance } = await scripted(
      [
        { expect: { type: "balance", account: "a" }, reply: { amount: 1 } },
        { expect: { type: "balance", account: "b" }, reply: { amount: 2 }, times: 2 },
      ],
      { unordered: true },
    );
    expect(await balance("b")).toBe(2);
    expect(await balance("c")).toContain('expected one of the steps 1, 2, got balance {"account":"c"}');
    expect([await balance("a"), await balance("b")]).toEqual([1, 2]);
    expect(peer.story()).toContain("2 times: came\n");
    expect(await balance("b")).toContain("the script is over");
    const failure = await failureOf(peer[Symbol.asyncDispose]());
    expect(failure.message).not.toContain("did not come");
  });

  test("any number of times is any number, none included, and over once the next has come", async () => {
    const steps: readonly ScriptStep<typeof bank>[] = [
      { expect: { type: "balance", account: "a" }, reply: { amount: 1 }, times: Number.POSITIVE_INFINITY },
      { expect: { type: "balance", account: "b" }, reply: { amount: 2 } },
    ];
    const often = await scripted(steps);
    expect([await often.balance("a"), await often.balance("a"), await often.balance("b")]).toEqual([1, 1, 2]);
    often.peer.assertDone();
    expect(await often.balance("a")).toContain("the script is over");
    const never = await scripted(steps);
    expect(await never.balance("b")).toBe(2);
    await never.peer.expectDone();
  });

  test("a step that cannot be carried out is a failure, and its asker is told", async () => {
    const { peer, balance } = await scripted([
      {
        expect: "balance",
        reply: () => {
          throw new Error("out of ink");
        },
      },
      { expect: "balance", reply: { amount: "much" } as never },
      { expect: (() => JSON.parse("{")) as never },
      { expect: "close", tell: telling(clock, { type: "ring" }) },
    ]);
    expect(await balance("a")).toContain("step 1 could not be carried out: out of ink");
    expect(await balance("a")).toContain(
      "step 2 could not be carried out: REPLY_INVALID Expected a reply to balance",
    );
    expect(await balance("a")).toContain("a predicate threw at balance");
    expect(peer.story()).toContain("4. close: did not come");
    await failureOf(peer.expectDone());
  });

  test("a told question has nobody to answer to", async () => {
    const { peer } = await scripted([
      { expect: "balance", reply: { amount: 1 } },
      { expect: "close", tell: telling(clock, { type: "ring" }) },
    ]);
    peer.ref.tell({ type: "balance", account: "a" });
    peer.ref.tell({ type: "close" });
    const failure = await failureOf(peer.expectDone());
    expect(failure.message).toContain("balance was told, not asked: nobody waits for an answer");
    await expect
      .poll(() => failureOf(Promise.resolve().then(() => peer.assertDone())).then(({ message }) => message))
      .toContain("close came from no actor");
  });

  test("options are checked", async () => {
    const { system } = await stillSystem();
    const steps = [
      { expect: "close", times: 0 },
      { expect: "close", times: 1.5 },
      { expect: "close", afterMs: -1 },
      { expect: "balance", reply: { amount: 1 }, refuse: "no" },
    ];
    for (const step of steps) {
      const failure = await failureOf(scriptPeer(system, "bank", bank, [step as never]));
      expect(failure).toMatchObject({ code: "OPTION_INVALID" });
    }
    await system.drain();
  });
});
