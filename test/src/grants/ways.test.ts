import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { assign, setup } from "xstate";
import { z } from "zod";
import { grantBook } from "../../../actors/index.ts";
import { asking, reply, tell } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  defineProtocol,
  type GrantClaims,
  grants,
  type MessageOf,
  question,
  type ReplyTo,
} from "../../../protocols/index.ts";
import { sealToken, signingKeyOf } from "../../../src/grants/token.ts";
import { createMemoryHub, createSystem, defineActor } from "../../../src/index.ts";

const at = (text: string): ActorAddress => actorAddress(text);
const privateKey = generateKeyPairSync("ed25519").privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;
const count = z.object({ of: z.array(z.string()) });
const archive = defineProtocol({
  name: "archive",
  accepts: { note: z.object({ by: z.string() }), read: question(z.object({}), count) },
});
const desk = defineProtocol({
  name: "desk",
  accepts: { send: z.object({ grant: z.string() }), look: question(z.object({ grant: z.string() }), count) },
});

/** Notes under which grant it was told. */
const noting = defineActor({
  protocol: archive,
  grant: "required",
  initial: (): string[] => [],
  receive: (told, message, turn) => {
    if (message.type === "note") return [...told, `${message.by} ${message.underGrant?.id}`];
    turn.reply({ of: told });
    return told;
  },
});

const machine = setup({
  types: {
    context: {} as { asker: ReplyTo<z.infer<typeof count>> | undefined },
    events: {} as MessageOf<typeof desk>,
  },
  actors: { read: asking(archive, "read") },
}).createMachine({
  context: { asker: undefined },
  initial: "resting",
  on: {
    send: {
      actions: tell(
        archive,
        at("archive"),
        { type: "note", by: "tell" },
        { grant: ({ event }) => (event.type === "send" ? event.grant : undefined) },
      ),
    },
  },
  states: {
    resting: { on: { look: "reading" } },
    reading: {
      entry: assign({ asker: ({ event }) => (event.type === "look" ? event.replyTo : undefined) }),
      invoke: {
        src: "read",
        input: ({ event }) => ({ to: at("archive"), with: {}, grant: (event as { grant: string }).grant }),
        onDone: {
          target: "resting",
          actions: reply(({ event }) => event.output, { to: ({ context }) => context.asker }),
        },
      },
    },
  },
});

const claims = (holder: string): GrantClaims => ({
  root: "t1",
  id: `of-${holder.replace(".", "-")}`,
  zone: "main",
  terms: {
    holder: at(holder),
    audience: [at("archive")],
    operations: ["archive.*"],
    tools: [],
    budget: {},
    depth: 0,
    untilMs: 4_000_000_000_000,
  },
});

describe("a grant travels with", () => {
  test("what a machine tells and asks, whether it is volatile or durable", async () => {
    const transport = createMemoryHub().connect();
    const lasting = defineActor({ protocol: desk, machine, durability: "durable" });
    const actors = { grants: grantBook({ privateKey }), lasting };
    await using system = await createSystem({ name: "ways", transport, actors, onReport: () => {} });
    const issue = { type: "issue", id: "g0", by: at("desk"), terms: claims("desk").terms } as const;
    await system.ref("grants.t0", grants).ask(issue, { withinMs: 20_000 });
    await system.spawn("archive", noting);
    await system.spawn("desk", defineActor({ protocol: desk, machine }));
    for (const holder of ["desk", "lasting.d1"]) {
      const grant = sealToken(claims(holder), signingKeyOf(privateKey));
      const ref = system.ref(holder, desk);
      await ref.deliver({ type: "send", grant });
      const { of } = await ref.ask({ type: "look", grant }, { withinMs: 20_000 });
      expect(of.at(-1)).toBe(`tell ${claims(holder).id}`);
    }
  });
});
