import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batchEntriesMax,
  batchMark,
  decodeEnvelope,
  encodeEnvelope,
  encodeEnvelopeJson,
  framesOf,
  putBatch,
} from "../../protocols/index.ts";
import { envelopeWith, jsonPlain } from "./arbitrary.ts";
import { codeOf } from "./code-of.ts";

function batchOf(frames: readonly Uint8Array[]): Uint8Array {
  const page = new Uint8Array(1 + frames.reduce((sum, { length }) => sum + length + 2, 0));
  expect(putBatch(page, 0, frames)).toBe(page.length);
  return page;
}

const frame = fc.uint8Array({ minLength: 1, maxLength: 400 });
const someFrames = fc.array(frame, { minLength: 1, maxLength: batchEntriesMax });

describe("a batch of frames", () => {
  test("comes apart as it was put together", () => {
    fc.assert(
      fc.property(someFrames, (frames) => {
        expect(framesOf(batchOf(frames))).toEqual(frames);
      }),
    );
  });

  test("is no frame, and no frame is one", () => {
    fc.assert(
      fc.property(envelopeWith(jsonPlain), (envelope) => {
        const forms = [encodeEnvelope(envelope), encodeEnvelopeJson(envelope)];
        for (const form of forms) expect(framesOf(form)).toBeUndefined();
        expect(codeOf(() => decodeEnvelope(batchOf(forms)))).toBe("FRAME_MALFORMED");
      }),
      { numRuns: 20 },
    );
  });

  test("that is cut anywhere but between frames, or goes on behind the last, is none", () => {
    fc.assert(
      fc.property(someFrames, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (frames, at) => {
        const whole = batchOf(frames);
        const cut = whole.subarray(0, Math.floor(at * whole.length));
        const kept = framesOf(cut);
        if (kept !== undefined) expect(kept).toEqual(frames.slice(0, kept.length));
        if (kept !== undefined) expect(batchOf(kept)).toEqual(new Uint8Array(cut));
        expect(framesOf(new Uint8Array([...whole, 0]))).toBeUndefined();
        expect(framesOf(new Uint8Array([...whole, 0, 2, 1]))).toBeUndefined();
      }),
    );
  });

  test.each([
    { what: "nothing", bytes: [] },
    { what: "a mark alone", bytes: [batchMark] },
    { what: "an empty frame", bytes: [batchMark, 0, 0] },
    { what: "half a length", bytes: [batchMark, 0] },
    { what: "a length beyond the end", bytes: [batchMark, 0xff, 0xff, 1] },
    {
      what: "more frames than allowed",
      bytes: [batchMark, ...Array(batchEntriesMax + 1).fill([0, 1, 7])].flat(),
    },
  ])("$what is none", ({ bytes }) => {
    expect(framesOf(Uint8Array.from(bytes))).toBeUndefined();
  });

  test("of whatever bytes gives only what lies in them, one behind the other, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, marked) => {
        const given = marked ? new Uint8Array([batchMark, ...bytes]) : bytes;
        const frames = framesOf(given);
        if (frames === undefined) return;
        expect(frames.length).toBeLessThanOrEqual(batchEntriesMax);
        expect(batchOf(frames)).toEqual(given);
      }),
      { numRuns: 20_000 },
    );
  });
});
