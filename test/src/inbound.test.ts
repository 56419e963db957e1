import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type ActorAddress,
  defineProtocol,
  type Envelope,
  encodeEnvelope,
  type GrantClaims,
  type MessageId,
} from "../../protocols/index.ts";
import { defineActor } from "../../src/actor.ts";
import { Cell } from "../../src/cell.ts";
import { realEnv } from "../../src/env/env.ts";
import { receive } from "../../src/inbound.ts";
import { Node } from "../../src/node.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";

const shop = defineProtocol({
  name: "shop",
  version: "2.1",
  accepts: { buy: z.object({ count: z.number() }) },
});

/** A node with one full actor at `shop.one`; what it refuses is written down instead of stored. */
function door(): { node: Node; codes: string[]; entered: () => number } {
  const node = new Node({
    system: "t",
    name: "a",
    zone: "main",
    incarnation: "inc",
    env: realEnv,
    transport: createMemoryHub({ payloadMaxBytes: 4_096 }).connect(),
    facts: { changed: false },
    telemetry: undefined,
    catalogue: new Map(),
    onReport: () => {},
  });
  const codes: string[] = [];
  node.deadLetters = { add: (_to: string, code: string) => void codes.push(code) } as never;
  // Whether a token is good is its own test's business.
  Object.assign(node.grants, { open: () => claims });
  const definition = defineActor({
    protocol: shop,
    grant: "required",
    initial: () => 0,
    receive: (n) => n + 1,
    waitingMax: 1,
  });
  const cell = new Cell(node, "shop.one" as ActorAddress, definition as never, undefined);
  node.cells.set("shop.one", cell);
  receive(node, { subject, payload: encodeEnvelope(good), reply: undefined });
  return { node, codes, entered: () => cell.waiting };
}

const subject = "cx.t.in.main.shop.one";
const good: Envelope = {
  kind: "message",
  id: "x-1" as MessageId,
  from: "desk" as ActorAddress,
  to: "shop.one" as ActorAddress,
  type: "buy",
  protocol: "shop@2.0",
  sentAtMs: 1,
  body: { count: 1 },
  grant: "g1",
};
const claims: GrantClaims = {
  root: "r",
  id: "g1",
  zone: "main",
  terms: {
    holder: "desk" as ActorAddress,
    audience: ["shop" as ActorAddress],
    operations: ["shop.buy"],
    tools: [],
    budget: {},
    depth: 0,
    untilMs: 8_640_000_000_000_000,
  },
};

/** The stages in their order: each makes a message bad at its own stage, and leaves the earlier ones alone. */
const stages: readonly { name: string; code: string; spoil: (message: Spoiled) => Spoiled }[] = [
  { name: "size cap", code: "PAYLOAD_TOO_LARGE", spoil: (m) => ({ ...m, padding: 5_000 }) },
  { name: "pre-scan and decode", code: "FRAME_MALFORMED", spoil: (m) => ({ ...m, torn: true }) },
  { name: "address", code: "ADDRESS_UNKNOWN", spoil: (m) => ({ ...m, subject: "cx.t.in.main.shop.two" }) },
  { name: "version", code: "VERSION_UNSUPPORTED", spoil: (m) => change(m, { protocol: "shop@3.0" }) },
  {
    name: "receiver",
    code: "FRAME_MALFORMED",
    spoil: (m) => change(m, { to: "shop.other" as ActorAddress }),
  },
  {
    name: "reserved types",
    code: "TYPE_RESERVED",
    spoil: (m) => change(m, { type: "xstate.done.actor.pay" }),
  },
  { name: "deadline", code: "DEADLINE_EXCEEDED", spoil: (m) => change(m, { deadlineMs: 2 }) },
  { name: "payload schema", code: "MESSAGE_INVALID", spoil: (m) => change(m, { body: { count: "one" } }) },
  { name: "authority", code: "NOT_GRANTED", spoil: (m) => change(m, { grant: undefined }) },
  { name: "mailbox", code: "MAILBOX_FULL", spoil: (m) => m },
];

interface Spoiled {
  readonly envelope: Envelope;
  readonly subject: string;
  readonly torn: boolean;
  readonly padding: number;
}

function change(message: Spoiled, part: Partial<Envelope>): Spoiled {
  return { ...message, envelope: { ...message.envelope, ...part } };
}

function bytesOf({ envelope, torn, padding }: Spoiled): Uint8Array {
  const body = padding === 0 ? envelope.body : { ...(envelope.body as object), padding: "x".repeat(padding) };
  const bytes = encodeEnvelope({ ...envelope, body });
  return torn ? bytes.subarray(0, bytes.length - 1) : bytes;
}

describe("the boundary", () => {
  test.each(stages.map((stage, i) => ({ ...stage, i })))(
    "refuses at the stage $name before any later stage is reached",
    ({ code, i }) => {
      const { node, codes, entered } = door();
      // Bad at this stage and at every later one: only this one may speak.
      const start: Spoiled = { envelope: good, subject, torn: false, padding: 0 };
      const message = stages.slice(i).reduceRight((spoiled, stage) => stage.spoil(spoiled), start);
      receive(node, { subject: message.subject, payload: bytesOf(message), reply: undefined });
      expect(codes).toEqual([code]);
      expect(entered()).toBe(1);
    },
  );

  test("a newer minor version of the protocol is readable, another protocol is not", () => {
    const { node, codes } = door();
    receive(node, { subject, payload: encodeEnvelope({ ...good, protocol: "shop@2.9" }), reply: undefined });
    receive(node, { subject, payload: encodeEnvelope({ ...good, protocol: "bank@2.0" }), reply: undefined });
    expect(codes).toEqual(["MAILBOX_FULL", "PROTOCOL_UNKNOWN"]);
  });

  test.each(["xstate.stop", "xstate.done.actor.x", "xstate.after.10.a", "xstate.error.actor.x", "*"])(
    "the machine's own event %s cannot be forged from outside",
    (type) => {
      const { node, codes } = door();
      receive(node, { subject, payload: encodeEnvelope({ ...good, type }), reply: undefined });
      expect(codes).toEqual(["TYPE_RESERVED"]);
    },
  );
});
