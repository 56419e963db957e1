// A node of its own process: hosts gates and what waits for them, until it is killed.
// Arguments: servers, system name, node name, the URL of what is done once a gate approves.
import { assign, setup } from "xstate";
import { approvalGate } from "../../actors/index.ts";
import { type Call, fromCall, reply, tell } from "../../machines/index.ts";
import { type ActorAddress, approval, delegation, type MessageOf } from "../../protocols/index.ts";
import { createSystem, defineActor } from "../../src/index.ts";

const [servers = "", name = "", node = "", url = ""] = process.argv.slice(2);

/** What waits for a gate: opens it when told to begin, and does its work once where it approves. */
const machine = setup({
  types: { context: {} as { result: string }, events: {} as MessageOf<typeof delegation> },
  actors: {
    act: fromCall(async ({ input, key }: Call<string>) => {
      const response = await fetch(input, { method: "POST", headers: { "idempotency-key": key } });
      return response.text();
    }),
  },
}).createMachine({
  id: "delegation",
  context: { result: "" },
  initial: "new",
  on: {
    status: { actions: reply(({ context }) => ({ stage: "requested" as const, reason: context.result })) },
  },
  states: {
    new: {
      on: {
        revoke: {
          target: "waiting",
          actions: tell(approval, "approval.t-1" as ActorAddress, {
            type: "open",
            summary: "drop the table",
            hash: "abc",
            deciders: ["ann", "ben"],
            withinMs: 3_600_000,
            reportTo: "delegation.t-1" as ActorAddress,
          }),
        },
      },
    },
    waiting: { on: { approvalDecided: [{ guard: ({ event }) => event.approved, target: "acting" }] } },
    acting: {
      invoke: {
        src: "act",
        input: url,
        onDone: { target: "acted", actions: assign({ result: ({ event }) => event.output }) },
      },
    },
    acted: {},
  },
});

await createSystem({
  ...{ name, node, servers, leaseMs: 600 },
  actors: {
    approval: approvalGate,
    delegation: defineActor({ protocol: delegation, machine, durability: "durable" }),
  },
});
process.stdout.write('"ready"\n');
