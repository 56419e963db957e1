import { describe, expect, test } from "vitest";
import { batchMark, putBatch } from "../../../protocols/index.ts";
import { splitBatch } from "../../../src/transport/split-batch.ts";
import { bytes, envelope } from "./support.ts";

const prefix = "cx.t.re.main.node.";
const inbox = "cx.t.in.main.bow";
const frames = ["one", "two", "three"].map(bytes);

function batch(of: readonly Uint8Array[] = frames): Uint8Array {
  const page = new Uint8Array(1_000);
  return page.slice(0, putBatch(page, 0, of));
}

describe("what arrives as one message", () => {
  test("on an inbox is each message with the reply subject of its own", () => {
    const split = splitBatch({ subject: inbox, payload: batch(), reply: `${prefix}ba1_t2_a3` });
    expect(split).toEqual([
      { subject: inbox, payload: frames[0], reply: `${prefix}a1` },
      { subject: inbox, payload: frames[1], reply: `${prefix}t2` },
      { subject: inbox, payload: frames[2], reply: `${prefix}a3` },
    ]);
  });

  test("on the lane of replies is each reply on the subject of its own", () => {
    const split = splitBatch({ subject: `${prefix}ba1_a2_a3`, payload: batch(), reply: undefined });
    expect(split?.map(({ subject, payload }) => [subject, payload])).toEqual([
      [`${prefix}a1`, frames[0]],
      [`${prefix}a2`, frames[1]],
      [`${prefix}a3`, frames[2]],
    ]);
  });

  test("and reached nobody, or was refused whole, is told to each", () => {
    const nobody = {
      subject: `${prefix}ba1_t2`,
      payload: bytes(""),
      reply: undefined,
      unreachable: true as const,
    };
    expect(splitBatch(nobody)).toEqual([
      { ...nobody, subject: `${prefix}a1` },
      { ...nobody, subject: `${prefix}t2` },
    ]);
    const refusal = { subject: `${prefix}ba1_t2`, payload: bytes("{}"), reply: undefined };
    expect(splitBatch(refusal)).toHaveLength(2);
  });

  test.each([
    { what: "a message", given: { subject: inbox, payload: bytes("x"), reply: `${prefix}a1` } },
    { what: "a reply", given: { subject: `${prefix}a1`, payload: bytes("x"), reply: undefined } },
    {
      what: "an envelope of this process",
      given: { subject: inbox, payload: envelope({}), reply: undefined },
    },
    {
      what: "fewer frames than replies",
      given: { subject: inbox, payload: batch(), reply: `${prefix}ba1_a2_a3_a4` },
    },
    {
      what: "more frames than replies",
      given: { subject: inbox, payload: batch(), reply: `${prefix}ba1_a2` },
    },
    { what: "frames with one reply", given: { subject: inbox, payload: batch(), reply: `${prefix}a1` } },
    { what: "frames without a reply", given: { subject: inbox, payload: batch(), reply: undefined } },
    {
      what: "frames with a foreign reply",
      given: { subject: inbox, payload: batch(), reply: "_INBOX.ba1_a2_a3" },
    },
    {
      what: "more replies than subjects",
      given: { subject: `${prefix}ba1_a2`, payload: batch(), reply: undefined },
    },
    {
      what: "a torn batch",
      given: { subject: inbox, payload: batch().slice(0, -1), reply: `${prefix}ba1_a2_a3` },
    },
    {
      what: "frames on another lane",
      given: { subject: "cx.t.ev.bow.added", payload: batch(), reply: undefined },
    },
    {
      what: "a stranger's bytes",
      given: { subject: "weather", payload: Uint8Array.of(batchMark), reply: undefined },
    },
  ])("$what stays whole", ({ given }) => {
    expect(splitBatch(given)).toBeUndefined();
  });
});
