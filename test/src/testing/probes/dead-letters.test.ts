import { expect, test } from "vitest";
import { expectDeadLetter, expectNoDeadLetters, ProbeFailed } from "../../../../src/testing/probes/index.ts";
import { bank, clock, clockActor, failureOf, stillSystem } from "./probe-system.ts";

test("a dead letter is expected by where it was to go, why it died and what it was; one that is still to come is waited for", async () => {
  const { system, env, advance } = await stillSystem();
  const alarm = await system.spawn("alarm", clockActor);
  const how = { env, advance, withinMs: 30_000 };
  system.ref("nobody", bank).tell({ type: "deposit", account: "a", amount: 5 });
  const found = await expectDeadLetter(system, { to: "nobody", code: "UNREACHABLE", type: "deposit" }, how);
  expect(found).toMatchObject({ to: "nobody", code: "UNREACHABLE", type: "deposit" });
  expect(env.monotonicMs()).toBeLessThan(100);
  alarm.tell({ type: "start", afterMs: 20_000 });
  expect(await expectDeadLetter(system, { to: "bank", type: "close" }, how)).toMatchObject({ type: "close" });
  expect(env.monotonicMs()).toBeGreaterThanOrEqual(20_000);
  expect(env.monotonicMs()).toBeLessThan(20_020);
  await system.drain();
});

test("one that does not come fails with the last letters that did", async () => {
  const { system, env, advance } = await stillSystem();
  const how = { env, advance, withinMs: 50 };
  const none = await failureOf(expectDeadLetter(system, { to: "bank" }, how));
  expect(none).toBeInstanceOf(ProbeFailed);
  expect(none.message).toBe(
    "Expected a dead letter to bank within 50 ms, got none\nThere is no dead letter.",
  );
  for (let n = 1; n <= 11; n++) system.ref("bank", bank).tell({ type: "deposit", account: "a", amount: n });
  await expectDeadLetter(system, { to: "bank" }, how);
  const patterns = [
    { to: "bank", type: "close" },
    { to: "other", type: "deposit" },
    { to: "bank", code: "MAILBOX_FULL" },
  ];
  for (const pattern of patterns) {
    const failure = await failureOf(expectDeadLetter(system, pattern, how));
    expect(failure.message).toContain("The last 10 of 11 dead letters:\n");
    expect(failure.message).not.toContain('"amount":1}');
    expect(failure.message).toContain(
      '\n  deposit {"account":"a","amount":11} to bank: UNREACHABLE, Nobody listens at bank',
    );
  }
  expect(env.monotonicMs()).toBeGreaterThanOrEqual(200);
  await system.drain();
});

test("no dead letters: none are there, of that kind, and none come", async () => {
  const { system, env, advance } = await stillSystem();
  const alarm = await system.spawn("alarm", clockActor);
  await expectNoDeadLetters(system, {}, { env, advance });
  expect(env.monotonicMs()).toBeGreaterThanOrEqual(100);
  alarm.tell({ type: "start", afterMs: 1_000 });
  await expectNoDeadLetters(system, {}, { env, advance, withinMs: 800 });
  const failure = await failureOf(expectNoDeadLetters(system, {}, { env, advance, withinMs: 800 }));
  expect(failure.message).toMatch(
    /^Expected not to see a dead letter for 800 ms, got close {} from alarm to bank: UNREACHABLE/,
  );
  await expectNoDeadLetters(system, { to: "alarm" }, { env, advance });
  alarm.tell({ type: "start", afterMs: 1 });
  alarm.tell({ type: "start", afterMs: 1 });
  await expectDeadLetter(
    system,
    { to: "alarm", code: "MESSAGE_UNEXPECTED", type: "start" },
    { env, advance },
  );
  await system.drain();
});

test("all pages of the stream are read at once", async () => {
  const { system, env, advance } = await stillSystem();
  const ref = system.ref("bank", bank);
  const counted = (): Promise<number> => {
    advance(1);
    return system.deadLetters.count();
  };
  for (let sent = 0; sent < 1_200; await expect.poll(counted).toBe(sent))
    for (const untilSent = sent + 400; sent < untilSent; sent++) ref.tell({ type: "close" });
  system.ref("last", clock).tell({ type: "ring" });
  await expect.poll(counted).toBe(1_201);
  await expectDeadLetter(system, { to: "last" }, { env, advance, withinMs: 0 });
  await system.drain();
});
