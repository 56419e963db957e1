import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type ActorAddress, type CallerGrant, defineProtocol, question } from "../../protocols/index.ts";
import type { ActorSystem } from "../../src/index.ts";
import { type Probe, scriptPeer, telling } from "../../src/testing/index.ts";

const bank = defineProtocol({
  name: "bank",
  accepts: {
    open: z.object({ owner: z.object({ name: z.string(), age: z.number() }), tags: z.array(z.string()) }),
    deposit: z.object({ amount: z.number() }),
    balance: question(z.object({ account: z.string() }), z.object({ amount: z.number() })),
    closed: question(z.object({}), z.object({ atMs: z.number() })),
  },
  emits: { opened: z.object({ account: z.string() }) },
});
const guests = defineProtocol({ name: "guests", accepts: { coffee: z.object({ hot: z.boolean() }) } });

async function written(probe: Probe<typeof bank>, system: ActorSystem): Promise<void> {
  // Only compiled.
  expectTypeOf(await probe.expectMessage("deposit")).toEqualTypeOf<{
    readonly type: "deposit";
    readonly sender?: ActorAddress;
    readonly underGrant?: CallerGrant;
    amount: number;
  }>();
  expectTypeOf((await probe.expectMessage({ type: "open", owner: { name: "a" } })).owner.age).toBeNumber();
  expectTypeOf((await probe.expectMessage({ type: "open", tags: ["a"] })).tags).toEqualTypeOf<string[]>();
  expectTypeOf((await probe.expectMessage(({ type }) => type === "deposit")).type).toEqualTypeOf<
    "open" | "deposit" | "balance" | "closed"
  >();
  expectTypeOf((await probe.fishForMessage({ type: "balance" })).account).toBeString();
  const [first, second] = await probe.expectMessages([{ type: "deposit", amount: 5 }, "balance"]);
  expectTypeOf(first.amount).toBeNumber();
  expectTypeOf(second.account).toBeString();
  expectTypeOf(await probe.within(5, async (leftMs) => leftMs())).toBeNumber();

  // @ts-expect-error the protocol has no such message
  await probe.expectMessage("withdraw");
  // @ts-expect-error the protocol has no such message
  await probe.expectMessage({ type: "withdraw" });
  // @ts-expect-error an amount is a number
  await probe.expectMessage({ type: "deposit", amount: "5" });
  // @ts-expect-error a deposit has no account
  await probe.expectMessage({ type: "deposit", account: "a" });
  // @ts-expect-error an owner has no such field
  await probe.expectMessage({ type: "open", owner: { nam: "a" } });
  // @ts-expect-error a deposit has no account
  (await probe.expectMessage({ type: "deposit" })).account;
  // @ts-expect-error what is emitted is not accepted
  await probe.fishForMessage("opened");

  const balance = await probe.expectMessage("balance");
  probe.reply(balance, { amount: 5 });
  probe.refuse(balance, "no");
  // @ts-expect-error the reply of another question
  probe.reply(balance, { atMs: 5 });
  // @ts-expect-error a deposit is told: it has no reply
  probe.reply(await probe.expectMessage("deposit"), { amount: 5 });
  // @ts-expect-error a deposit is told: there is nothing to refuse
  probe.refuse(await probe.expectMessage("deposit"), "no");
  probe.tell(guests, "guest", { type: "coffee", hot: true });
  // @ts-expect-error guests take no tea
  probe.tell(guests, "guest", { type: "tea" });
  probe.emit({ type: "opened", account: "a" });
  // @ts-expect-error the bank emits no such event
  probe.emit({ type: "shut" });

  await scriptPeer(system, "bank", bank, [
    { expect: { type: "balance", account: "a" }, reply: { amount: 1 } },
    { expect: "balance", reply: (question) => ({ amount: question.type.length }), times: 2 },
    { expect: "closed", refuse: "no" },
    { expect: "deposit", tell: telling(guests, { type: "coffee", hot: true }), afterMs: 5 },
    { expect: "open", emit: { type: "opened", account: "a" } },
    { expect: "closed" },
  ]);
  // @ts-expect-error the reply of another question
  await scriptPeer(system, "bank", bank, [{ expect: "balance", reply: { atMs: 1 } }]);
  // @ts-expect-error the reply of another question
  await scriptPeer(system, "bank", bank, [{ expect: { type: "balance" }, reply: { atMs: 1 } }]);
  // @ts-expect-error a deposit is told: it has no reply
  await scriptPeer(system, "bank", bank, [{ expect: "deposit", reply: { amount: 1 } }]);
  // @ts-expect-error a question is replied to or refused
  await scriptPeer(system, "bank", bank, [{ expect: "balance", reply: { amount: 1 }, refuse: "no" }]);
  // @ts-expect-error an account is a text
  await scriptPeer(system, "bank", bank, [{ expect: { type: "balance", account: 1 }, reply: { amount: 1 } }]);
  // @ts-expect-error the bank emits no such event
  await scriptPeer(system, "bank", bank, [{ expect: "open", emit: { type: "shut" } }]);
  // @ts-expect-error guests take no tea
  telling(guests, { type: "tea" });
}

describe("a probe", () => {
  test("has the types of its protocol", () => {
    expectTypeOf(written).toBeFunction();
  });
});
