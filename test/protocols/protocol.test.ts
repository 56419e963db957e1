import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  CoxswainError,
  defineProtocol,
  payloadSchema,
  question,
  replySchema,
  validate,
} from "../../protocols/index.ts";

/** A Standard Schema made by hand, in the manner of valibot: no class, no zod. */
function schemaOf<T>(
  check: (value: unknown) => StandardSchemaV1.Result<T> | Promise<StandardSchemaV1.Result<T>>,
): StandardSchemaV1<T> {
  return { "~standard": { version: 1, vendor: "handmade", validate: check } };
}
const count = schemaOf<{ n: number }>((value) => {
  const n = (value as { n?: unknown } | null)?.n;
  return typeof n === "number"
    ? { value: { n: n + 1 } }
    : { issues: [{ message: "not a number", path: [{ key: "n" }] }] };
});
const empty = z.object({});

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof CoxswainError ? error.code : `no CoxswainError: ${String(error)}`;
  }
  return "nothing thrown";
};

describe("a protocol", () => {
  const boat = defineProtocol({
    name: "boat",
    version: "2.3",
    accepts: { row: count, ask: question(z.object({ what: z.string() }), count) },
    emits: { rowed: empty },
  });

  test("is frozen, and prints as its tag", () => {
    expect(boat.tag).toBe("boat@2.3");
    expect(JSON.stringify({ boat })).toBe('{"boat":"boat@2.3"}');
    expect(() => Object.assign(boat.accepts, { more: empty })).toThrow(TypeError);
    expect(() => Object.assign(boat, { name: "ship" })).toThrow(TypeError);
  });

  test("is version 1.0 and emits nothing where that is left out", () => {
    const mute = defineProtocol({ name: "mute", accepts: {} });
    expect(mute).toMatchObject({ version: "1.0", emits: {} });
  });

  test("finds schemas of payloads and replies, by own keys only", () => {
    expect(payloadSchema(boat, "row")).toBe(count);
    expect(replySchema(boat, "row")).toBeUndefined();
    expect(replySchema(boat, "ask")).toBe(count);
    for (const type of ["toString", "__proto__", "constructor", "rowed", ""]) {
      expect(payloadSchema(boat, type)).toBeUndefined();
      expect(replySchema(boat, type)).toBeUndefined();
    }
  });

  test.each<[string, Parameters<typeof defineProtocol>[0]]>([
    ["a name that is no token", { name: "a.b", accepts: {} }],
    ["an empty name", { name: "", accepts: {} }],
    ["a version without a minor", { name: "boat", version: "1", accepts: {} }],
    ["a version of letters", { name: "boat", version: "v1.0", accepts: {} }],
    ["a type of two words", { name: "boat", accepts: { "row hard": empty } }],
    ["a type that is a wildcard", { name: "boat", accepts: { "*": empty } }],
    ["a type with a dot", { name: "boat", accepts: { "xstate.done": empty } }],
    ["a type that begins with a capital", { name: "boat", emits: { Rowed: empty }, accepts: {} }],
    ["a type longer than 64 characters", { name: "boat", accepts: { ["r".repeat(65)]: empty } }],
    ["an event named like a life-cycle fact", { name: "boat", accepts: {}, emits: { failed: empty } }],
    ["a payload without a schema", { name: "boat", accepts: { row: {} as typeof empty } }],
    ["a reply without a schema", { name: "boat", accepts: { row: question(empty, {} as typeof empty) } }],
    ["an event without a schema", { name: "boat", accepts: {}, emits: { rowed: {} as typeof empty } }],
  ])("with %s is refused", (_, definition) => {
    expect(codeOf(() => defineProtocol(definition))).toBe("PROTOCOL_INVALID");
  });
});

describe("validate", () => {
  test("gives what the schema made of the value", () => {
    expect(validate(count, { n: 1 })).toEqual({ ok: true, value: { n: 2 } });
    expect(validate(z.object({ at: z.string().default("dawn") }), {})).toEqual({
      ok: true,
      value: { at: "dawn" },
    });
  });

  test("names the path of each issue, five at most, in 500 characters", () => {
    expect(validate(count, {})).toEqual({ ok: false, issues: "n: not a number" });
    const many = schemaOf(() => ({
      issues: Array.from({ length: 9 }, (_, i) => ({ message: "x".repeat(200), path: ["list", i] })),
    }));
    const result = validate(many, {});
    expect(result).toMatchObject({ ok: false, issues: expect.stringMatching(/^list\.0: x+; list\.1: x+/) });
    expect(result.ok ? 0 : result.issues.length).toBe(500);
  });

  test("refuses a schema that answers with a promise, also one that rejects", () => {
    expect(
      codeOf(() =>
        validate(
          schemaOf(async (value) => ({ value })),
          1,
        ),
      ),
    ).toBe("SCHEMA_ASYNC");
    // Were the rejection left alone, it would end the process and fail this run.
    expect(
      codeOf(() =>
        validate(
          schemaOf(() => Promise.reject(new Error("late"))),
          1,
        ),
      ),
    ).toBe("SCHEMA_ASYNC");
  });

  test("refuses any thenable: not only promises of this realm", () => {
    // biome-ignore lint/suspicious/noThenProperty: a foreign promise is what is tested.
    const thenable = { then: () => {} } as unknown as Promise<StandardSchemaV1.Result<unknown>>;
    expect(
      codeOf(() =>
        validate(
          schemaOf(() => thenable),
          1,
        ),
      ),
    ).toBe("SCHEMA_ASYNC");
  });
});
