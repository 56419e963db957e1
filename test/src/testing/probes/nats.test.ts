import { expect, test } from "vitest";
import { assign, setup } from "xstate";
import { asking, tell } from "../../../../machines/index.ts";
import type { ActorAddress, MessageOf } from "../../../../protocols/index.ts";
import { createSystem, defineActor } from "../../../../src/index.ts";
import {
  expectDeadLetter,
  expectNoDeadLetters,
  scriptPeer,
  spawnProbe,
} from "../../../../src/testing/probes/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { bank, clock, failureOf } from "./probe-system.ts";

/** Asks the bank when it is rung, again if it is refused, and then starts the clock with what it has heard. */
const clerk = defineActor({
  protocol: clock,
  machine: setup({
    types: { events: {} as MessageOf<typeof clock>, context: {} as { amount: number } },
    actors: { balance: asking(bank, "balance") },
    actions: {
      pass: tell(clock, "next" as ActorAddress, ({ context }) => ({
        type: "start",
        afterMs: (context as { amount: number }).amount,
      })),
    },
  }).createMachine({
    context: { amount: 0 },
    initial: "idle",
    states: {
      idle: { on: { ring: "asking" } },
      asking: {
        invoke: {
          src: "balance",
          input: { to: "bank" as ActorAddress, with: { account: "a" } },
          onDone: {
            target: "idle",
            actions: [assign({ amount: ({ event }) => event.output.amount }), "pass"],
          },
          onError: { target: "asking", reenter: true },
        },
      },
    },
  }),
});

test("over a real server, probes and scripted peers on one node see what an actor on another does", async () => {
  await using server = await testServer();
  const common = { name: "probes", servers: server.url, onReport: () => {} };
  await using here = await createSystem({ ...common, node: "here" });
  await using there = await createSystem({ ...common, node: "there" });
  await using model = await scriptPeer(here, "bank", bank, [
    { expect: { type: "balance", account: "a", sender: "clerk" as ActorAddress }, refuse: "busy" },
    { expect: "balance", reply: { amount: 7 }, afterMs: 5 },
  ]);
  await using next = await spawnProbe(here, "next", clock);
  const ref = await there.spawn("clerk", clerk);
  ref.tell({ type: "ring" });
  await next.within(10_000, async () => {
    expect(await next.expectMessage({ type: "start", afterMs: 7 })).toMatchObject({ sender: "clerk" });
    await model.expectDone();
    await next.expectNoMessage();
  });
  // One too many.
  ref.tell({ type: "ring" });
  await expect.poll(() => model.story()).toContain("not as the script says");
  expect((await failureOf(Promise.resolve().then(() => model.assertDone()))).message).toContain(
    'the script is over, got balance {"account":"a"} from clerk',
  );
  await there.ref("clerk", clock).stop();
  await expectNoDeadLetters(here);
  there.ref("clerk", clock).tell({ type: "ring" });
  expect(await expectDeadLetter(here, { to: "clerk", type: "ring" })).toMatchObject({ node: "there" });
});
