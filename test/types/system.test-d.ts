import { describe, expectTypeOf, test } from "vitest";
import { createMachine, setup } from "xstate";
import { z } from "zod";
import { asking, reply, tell } from "../../machines/index.ts";
import {
  type ActorAddress,
  defineProtocol,
  type MessageId,
  type MessageOf,
  question,
} from "../../protocols/index.ts";
import { type ActorRef, type ActorSystem, defineActor } from "../../src/index.ts";

const shop = defineProtocol({
  name: "shop",
  accepts: {
    buy: z.object({ sku: z.string(), count: z.number() }),
    stock: question(z.object({ sku: z.string() }), z.object({ left: z.number() })),
  },
  emits: { sold: z.object({ sku: z.string() }) },
});
const bank = defineProtocol({ name: "bank", accepts: { deposit: z.object({ amount: z.number() }) } });

declare const ref: ActorRef<typeof shop>;
declare const system: ActorSystem;
declare const at: ActorAddress;

describe("a ref knows its protocol", () => {
  test("tell takes the protocol's messages and nothing else", () => {
    expectTypeOf(ref.tell({ type: "buy", sku: "a", count: 1 })).toEqualTypeOf<MessageId>();
    // @ts-expect-error: an unknown type
    ref.tell({ type: "steal" });
    // @ts-expect-error: a wrong payload
    ref.tell({ type: "buy", sku: "a", count: "one" });
    // @ts-expect-error: a payload that lacks a field
    ref.tell({ type: "buy", sku: "a" });
  });

  test("ask has the reply of its question", async () => {
    expectTypeOf(await ref.ask({ type: "stock", sku: "a" })).toEqualTypeOf<{ left: number }>();
    // @ts-expect-error: buy has no reply, so it cannot be asked
    await ref.ask({ type: "buy", sku: "a", count: 1 });
    // @ts-expect-error: the reply has no such field
    (await ref.ask({ type: "stock", sku: "a" })).right;
    // @ts-expect-error: an address is wanted, not any text
    tell(bank, "bank", { type: "deposit", amount: 1 });
  });

  test("on knows the emitted events", () => {
    ref.on("sold", (event) => expectTypeOf(event.sku).toEqualTypeOf<string>());
    // @ts-expect-error: nothing of that name is emitted
    ref.on("stolen", () => {});
  });
});

describe("a machine fits its protocol", () => {
  const shopSetup = setup({
    types: { context: {} as { left: number }, events: {} as MessageOf<typeof shop> },
  });

  test("reply takes the reply of the question at hand", () => {
    shopSetup.createMachine({
      context: { left: 1 },
      on: { stock: { actions: reply(({ context }) => ({ left: context.left })) } },
    });
    shopSetup.createMachine({
      context: { left: 1 },
      // @ts-expect-error: a wrong reply
      on: { stock: { actions: reply({ left: "none" }) } },
    });
  });

  test("tell from a machine is checked against the target's protocol", () => {
    shopSetup.createMachine({
      context: { left: 1 },
      on: { buy: { actions: tell(bank, at, ({ event }) => ({ type: "deposit", amount: event.count })) } },
    });
    shopSetup.createMachine({
      context: { left: 1 },
      // @ts-expect-error: the bank takes an amount
      on: { buy: { actions: tell(bank, at, { type: "deposit", sum: 1 }) } },
    });
    // @ts-expect-error: deposit is no question of the bank
    asking(bank, "deposit");
  });

  test("a machine of another protocol cannot be joined to this one", () => {
    const banker = setup({ types: { events: {} as MessageOf<typeof bank> } }).createMachine({});
    // @ts-expect-error: it takes the bank's messages
    defineActor({ protocol: shop, machine: banker });
    defineActor({ protocol: bank, machine: banker });
  });

  test("spawn wants the machine's input where it has one", async () => {
    const withInput = defineActor({
      protocol: bank,
      machine: setup({
        types: { events: {} as MessageOf<typeof bank>, input: {} as { from: number } },
      }).createMachine({}),
    });
    await system.spawn("bank", withInput, { input: { from: 1 } });
    // @ts-expect-error: the input is missing
    await system.spawn("bank", withInput);
    // @ts-expect-error: the input is of another type
    await system.spawn("bank", withInput, { input: { from: "a" } });
    expectTypeOf(
      await system.spawn("any", defineActor({ protocol: bank, machine: createMachine({}) })),
    ).toEqualTypeOf<ActorRef<typeof bank>>();
  });
});
