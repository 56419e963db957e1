// An order that is paid for once, though whoever works on it is killed in the middle. Run it: coxswain run examples/survivor.ts
//
// The order is a durable agent. It lives in a process of its own, which gets SIGKILL while its payment is under way. The
// next process takes it up where it was, and pays again under the same key: the bank has booked that key and says so.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createSystem, defineActor } from "coxswain";
import { type Call, fromCall, reply } from "coxswain/machines";
import { defineProtocol, type MessageOf, question } from "coxswain/protocols";
import { assign, setup } from "xstate";
import { z } from "zod";

const shown = z.object({ items: z.number(), receipt: z.string() });
const order = defineProtocol({
  name: "order",
  accepts: {
    add: z.object({}),
    pay: z.object({ bank: z.string() }),
    read: question(z.object({}), shown),
  },
});

async function pay({ input, key, signal }: Call<{ bank: string; items: number }>): Promise<string> {
  const response = await fetch(input.bank, {
    method: "POST",
    headers: { "idempotency-key": key },
    body: String(input.items),
    signal,
  });
  return response.text();
}

const machine = setup({
  types: {
    context: {} as z.infer<typeof shown> & { bank: string },
    events: {} as MessageOf<typeof order>,
  },
  actors: { pay: fromCall(pay, { retry: { attempts: 5 } }) },
}).createMachine({
  id: "order",
  context: { items: 0, receipt: "", bank: "" },
  initial: "open",
  on: { read: { actions: reply(({ context: { items, receipt } }) => ({ items, receipt })) } },
  states: {
    open: {
      on: {
        add: { actions: assign({ items: ({ context }) => context.items + 1 }) },
        pay: { target: "paying", actions: assign({ bank: ({ event }) => event.bank }) },
      },
    },
    paying: {
      invoke: {
        src: "pay",
        input: ({ context: { bank, items } }) => ({ bank, items }),
        onDone: { target: "paid", actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    paid: {},
  },
});

const common = { name: "survivor", leaseMs: 900 };
const [, , servers] = process.argv;
if (process.send !== undefined && servers !== undefined) {
  const actors = { order: defineActor({ protocol: order, machine, durability: "durable" }) };
  await createSystem({ ...common, servers, actors });
  process.send("ready");
} else await main();

async function main(): Promise<void> {
  const bank = openBank();
  await using system = await createSystem(common);
  const first = await startWorker(system.url);
  const ref = system.ref("order.o-17", order);
  for (let item = 1; item <= 3; item++) await ref.deliver({ type: "add" });
  await ref.deliver({ type: "pay", bank: await bank.url });
  console.log("the order's process asks the bank, and is killed before it answers");
  await bank.asked;
  first.kill("SIGKILL");
  const second = await startWorker(system.url);
  console.log("another process goes on with the order");
  await bank.settled;
  for (;;) {
    const { items, receipt } = await ref.ask({ type: "read" }, { withinMs: 20_000 });
    if (receipt === "") continue;
    console.log(
      `${items} items paid, ${receipt}; the bank was asked ${bank.requests} times and booked ${bank.booked}`,
    );
    break;
  }
  second.kill();
  await once(second, "exit");
  bank.close();
}

async function startWorker(url: string): Promise<ChildProcess> {
  const worker = fork(fileURLToPath(import.meta.url), [url]);
  await once(worker, "message");
  return worker;
}

/** Books what it is asked for once a key. It leaves the first request without an answer. */
function openBank() {
  const receipts = new Map<string, string>();
  const open: ServerResponse[] = [];
  let asked = (): void => {};
  let settled = (): void => {};
  const server = createServer((request, response) => {
    const key = String(request.headers["idempotency-key"]);
    bank.requests++;
    if (!receipts.has(key)) receipts.set(key, `receipt ${++bank.booked}`);
    if (bank.requests === 1) {
      open.push(response);
      return asked();
    }
    response.end(receipts.get(key));
    settled();
  }).listen(0, "127.0.0.1");
  const bank = {
    requests: 0,
    booked: 0,
    url: once(server, "listening").then(() => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked: new Promise<void>((resolve) => {
      asked = resolve;
    }),
    settled: new Promise<void>((resolve) => {
      settled = resolve;
    }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return bank;
}
