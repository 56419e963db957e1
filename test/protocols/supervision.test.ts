import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type ActorAddress,
  actorAddress,
  asyncApiOf,
  type ChildSpec,
  type ChildSpecInput,
  childSpec,
  decodeEnvelope,
  encodeEnvelope,
  messageId,
  payloadSchema,
  type Question,
  type ReplyOf,
  replySchema,
  supervision,
  supervisorFlags,
  validate,
} from "../../protocols/index.ts";

const address = actorAddress("shop.till");
const spec: ChildSpec = {
  id: "till",
  actor: "clerk",
  input: { open: true },
  restart: "transient",
  shutdownMs: "infinity",
  type: "worker",
  significant: false,
  address,
  node: ["n1", "n2"],
  startWithinMs: 30_000,
};

/** What is left of a reply after it has been to another node. */
function travelled(type: string, reply: unknown): unknown {
  const bytes = encodeEnvelope({
    id: messageId("n", 1),
    type,
    protocol: supervision.tag,
    from: "",
    to: address,
    kind: "message",
    body: reply,
    sentAtMs: 0,
  } as never);
  return (decodeEnvelope(bytes) as { body: unknown }).body;
}

describe("the administration of a supervisor", () => {
  test("asks questions only: each has an answer", () => {
    for (const [type, entry] of Object.entries(supervision.accepts))
      expect((entry as Question).kind, type).toBe("question");
  });

  test.each<[string, object]>([
    ["startChild", { ok: true, address, activation: "a1", info: { port: 80 } }],
    ["startChild", { ok: true, ignored: true }],
    ["startChild", { ok: false, error: "already_started", address, activation: "a1" }],
    ["startChild", { ok: false, error: "spec_invalid", fault: "bad_restart", reason: "Expected …" }],
    ["restartChild", { ok: false, error: "start_failed", reason: "boom", code: "ACTOR_FAILED" }],
    ["terminateChild", { ok: true }],
    ["deleteChild", { ok: false, error: "running" }],
    ["countChildren", { specs: 3, active: 2, supervisors: 1, workers: 2 }],
    ["getChild", { ok: true, spec }],
    ["replaceChildren", { ok: false, error: "spec_invalid", fault: "duplicate_id" }],
  ])("the answer to %s keeps all of itself: %j", (type, reply) => {
    const schema = replySchema(supervision, type) as NonNullable<ReturnType<typeof replySchema>>;
    expect(validate(schema, travelled(type, reply))).toEqual({ ok: true, value: reply });
  });

  test("leaves faulty specs and flags to the supervisor, which has a word for each", () => {
    const start = payloadSchema(supervision, "startChild") as NonNullable<ReturnType<typeof payloadSchema>>;
    const child = { id: 3, restart: "sometimes", colour: "red" };
    expect(validate(start, { child })).toEqual({ ok: true, value: { child } });
    const list = payloadSchema(supervision, "replaceChildren") as typeof start;
    expect(validate(list, { children: 3, flags: 4 })).toMatchObject({ ok: true });
  });

  test("has an AsyncAPI document", () => {
    const document = asyncApiOf({ system: "s", actors: [{ address, protocol: supervision }] });
    for (const word of ["whichChildren", "gaveUp", "one_for_all", "brutal_kill"])
      expect(JSON.stringify(document)).toContain(word);
  });
});

test("a child spec and flags are plain data that their schemas keep", () => {
  expect(validate(childSpec, travelled("x", spec))).toEqual({ ok: true, value: spec });
  const backoff = { initialMs: 10, maxMs: 100, factor: 2, jitter: 0.2 };
  expect(validate(supervisorFlags, { backoff: { initialMs: 10, maxMs: 100 } })).toEqual({
    ok: true,
    value: {
      ...{ strategy: "one_for_one", intensity: 1, periodMs: 5_000, autoShutdown: "never", backoff },
      childrenMax: 100_000,
    },
  });
});

test("types tell an answer apart by `ok`, and what may be left out of a spec", () => {
  const written: ChildSpecInput = { id: "a", actor: "x" };
  expect(written.restart).toBeUndefined();
  expectTypeOf<ChildSpecInput["restart"]>().toEqualTypeOf<ChildSpec["restart"] | undefined>();
  const answer = (reply: ReplyOf<typeof supervision, "startChild">): ActorAddress | string => {
    if (!reply.ok) return reply.error;
    return "ignored" in reply ? "ignored" : reply.address;
  };
  expect(answer({ ok: true, address, activation: "a1" })).toBe(address);
  expect(answer({ ok: false, error: "not_found" })).toBe("not_found");
});
