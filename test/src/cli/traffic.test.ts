import { describe, expect, it } from "vitest";
import {
  actorAddress,
  type Envelope,
  encodeEnvelope,
  encodeValue,
  messageId,
} from "../../../protocols/index.ts";
import { letterText } from "../../../src/cli/letters.ts";
import { subjectsOf } from "../../../src/cli/tap.ts";
import { see, seenJson, seenText } from "../../../src/cli/traffic.ts";

const plain = (_style: unknown, text: string): string => text;
const atMs = Date.UTC(2025, 0, 2, 3, 4, 5, 6);
const envelope: Envelope = {
  kind: "message",
  id: messageId("sender", 35),
  from: actorAddress("crew"),
  to: actorAddress("crew.bow"),
  type: "add",
  protocol: "counter@1.0",
  sentAtMs: 1,
  body: { by: 2, blob: new Uint8Array([255]) },
};
const seenOn = (subject: string, payload: Uint8Array) =>
  see({ subject, payload, reply: undefined }, atMs, {});

describe("what is seen", () => {
  it("a message of ours is decoded from msgpack", () => {
    const seen = seenOn("cx.fleet.in.main.crew.bow", encodeEnvelope(envelope));
    expect(seenText(seen, plain, true)).toBe(
      '03:04:05.006  in    crew → crew.bow  add  {"by":2,"blob":{"$bytes":"/w=="}}',
    );
    expect(JSON.parse(seenJson(seen))).toMatchObject({ lane: "in", id: "sender-z", body: { by: 2 } });
  });

  it("a foreign client's message is shown with the receiver that its subject names", () => {
    const bytes = new TextEncoder().encode('{"type":"add","body":{"by":1}}');
    const seen = seenOn("cx.fleet.in.main.crew.bow", bytes);
    expect(seenText(seen, plain, false)).toBe('03:04:05.006  (script) → crew.bow  add  {"by":1}');
  });

  it("a refusal on its way to the asker says so", () => {
    const refusal = {
      ...envelope,
      kind: "refusal",
      to: "",
      body: { code: "REFUSED", message: "no" },
    } as const;
    const seen = seenOn("cx.fleet.re.main.n1.a1", encodeEnvelope(refusal));
    expect(seenText(seen, plain, true)).toContain("re    crew → (asker)  refusal add  {");
  });

  it("bytes that are no message are shown as such, and cannot steer the terminal", () => {
    const seen = seenOn("cx.fleet.in.main.crew", new TextEncoder().encode("{\u001b[2J"));
    expect(seenText(seen, plain, false)).toMatch(/crew {2}FRAME_MALFORMED {2}5 bytes that are no message/);
    expect(seenText(seen, plain, false)).not.toContain("\u001b");
    expect(JSON.parse(seenJson(seen))).toMatchObject({
      error: { code: "FRAME_MALFORMED" },
      bytes: { $bytes: "extbMko=" },
    });
  });

  it("a dead letter is shown with its reason, and the message inside it", () => {
    const letter = {
      atMs,
      node: "n1",
      to: "crew",
      code: "MAILBOX_FULL",
      reason: "full",
      chain: {},
      type: "add",
    };
    const seen = seenOn("cx.fleet.dead.crew", encodeValue({ ...letter, original: encodeEnvelope(envelope) }));
    expect(seenText(seen, plain, true)).toBe("03:04:05.006  dead  crew  add  MAILBOX_FULL  full");
    expect(JSON.parse(seenJson(seen)).letter).toMatchObject({
      code: "MAILBOX_FULL",
      message: { body: { by: 2 } },
    });
  });
});

it("a listed letter names the chain of its causes; one that is no message shows its first bytes", () => {
  const letter = {
    sequence: 7,
    atMs,
    node: "n1",
    to: actorAddress("crew"),
    code: "FRAME_MALFORMED",
    reason: "why",
  };
  const chain = { id: messageId("a", 1), causationId: messageId("b", 2), correlationId: messageId("c", 3) };
  const whole = letterText({ ...letter, chain, type: "add", original: encodeEnvelope(envelope) }, plain);
  expect(whole).toContain("#7  FRAME_MALFORMED  crew  add  2025-01-02T03:04:05.006Z");
  expect(whole).toContain("id a-1, caused by b-2, begun by c-3, from crew, node n1");
  const broken = letterText({ ...letter, chain: {}, original: new Uint8Array([1, 2, 255]) }, plain);
  expect(broken).toContain("#7  FRAME_MALFORMED  crew  (bytes)");
  expect(broken).toContain("3 bytes: 0102ff");
});

describe("patterns of tap", () => {
  it.each([
    [">", false, ["cx.s.ev.>"]],
    [">", true, ["cx.s.>"]],
    ["crew.bow", false, ["cx.s.ev.crew.bow", "cx.s.ev.crew.bow.*"]],
    ["crew.>", false, ["cx.s.ev.crew.>"]],
    ["crew", true, ["cx.s.ev.crew", "cx.s.ev.crew.*", "cx.s.in.*.crew", "cx.s.ctl.*.crew", "cx.s.dead.crew"]],
  ] as const)("%s, all %s", (pattern, all, subjects) => {
    expect(subjectsOf("s", pattern, all)).toEqual(subjects);
  });
});
