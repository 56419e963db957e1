import { describe, expect, test } from "vitest";
import {
  type ActorOutcome,
  actorAddress,
  actorOutcome,
  decodeEnvelope,
  defineProtocol,
  encodeEnvelope,
  factTypes,
  lifecycle,
  messageId,
  nodeLifecycle,
  validate,
} from "../../protocols/index.ts";

const error = { code: "ACTOR_FAILED", message: "TypeError: x is undefined" };

test("the facts are just the types that no protocol of a user may emit", () => {
  expect(Object.keys(lifecycle.emits).sort()).toEqual([...factTypes].sort());
  for (const type of factTypes) {
    expect(() =>
      defineProtocol({ name: "mine", accepts: {}, emits: { [type]: lifecycle.emits.started } }),
    ).toThrow("life-cycle fact");
  }
  expect(String(JSON.parse(JSON.stringify(lifecycle)))).toBe("lifecycle@1.0");
});

describe("a fact", () => {
  test.each<[keyof typeof lifecycle.emits, object]>([
    ["started", { address: actorAddress("crew.bow"), protocol: "delegation@1.0", node: "n1" }],
    ["stopped", { kind: "done", output: { total: 3 } }],
    ["stopped", { kind: "stopped", reason: "asked to" }],
    ["stopped", { kind: "lost" }],
    ["failed", { error }],
    ["failed", { error: { ...error, details: { at: 3 } }, messageId: messageId("n", 1) }],
    ["changed", { value: { working: { task: "row" } }, from: "idle" }],
    [
      "refused",
      { messageId: messageId("n", 1), type: "row", code: "MAILBOX_FULL", message: "full", sender: "desk" },
    ],
  ])("%s of its form is taken: %j", (type, body) => {
    expect(validate(lifecycle.emits[type], body)).toEqual({ ok: true, value: body });
  });

  test.each<[keyof typeof lifecycle.emits, object]>([
    ["started", { address: "a..b", protocol: "delegation@1.0", node: "n1" }],
    ["stopped", { reason: "asked to" }],
    ["stopped", { kind: "failed" }],
    ["failed", { error: "broken" }],
    ["changed", { value: undefined }],
    ["changed", { value: () => 1 }],
    ["refused", { messageId: "a b", type: "row", code: "MAILBOX_FULL", message: "full" }],
  ])("%s of another form is not: %j", (type, body) => {
    expect(validate(lifecycle.emits[type], body).ok).toBe(false);
  });

  test("of a node says that it left or was lost", () => {
    expect(validate(nodeLifecycle.emits.nodeDown, { node: "n1", reason: "lost" }).ok).toBe(true);
    expect(validate(nodeLifecycle.emits.nodeDown, { node: "n1", reason: "bored" }).ok).toBe(false);
  });
});

describe("an actor's outcome", () => {
  const outcomes: ActorOutcome[] = [
    { kind: "done", output: { total: 3 } },
    { kind: "done", output: undefined },
    { kind: "stopped" },
    { kind: "stopped", reason: "asked to" },
    { kind: "failed", error },
    { kind: "killed" },
    { kind: "lost", node: "n1" },
    { kind: "lost", reason: "nobody lives there" },
  ];
  test.each(outcomes)("comes over the wire: %j", (outcome) => {
    const envelope = {
      kind: "reply",
      id: messageId("n", 1),
      from: "",
      to: "",
      type: "down",
      protocol: "",
      sentAtMs: 1,
    } as const;
    const { body } = decodeEnvelope(encodeEnvelope({ ...envelope, body: outcome }));
    expect(actorOutcome.parse(body)).toEqual(outcome);
  });

  test("of an unknown kind is none", () => {
    expect(actorOutcome.safeParse({ kind: "promoted" }).success).toBe(false);
  });
});
