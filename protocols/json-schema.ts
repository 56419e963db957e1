import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft 7, which AsyncAPI speaks) of any schema that can be written as one, to stand
 * at the pointer `home` of a larger document.
 *
 * @param given is taken instead of asking the schema.
 */
export function jsonSchemaOf(
  schema: StandardSchemaV1,
  side: "input" | "output",
  home: string,
  given?: JsonSchema,
): JsonSchema {
  const { vendor } = schema["~standard"];
  let written = given ?? writeSchema(schema, side);
  if (written === undefined) written = { description: `Checked by ${vendor}; it has no JSON Schema.` };
  const { $schema: _dialect, ...rest } = written;
  return moveReferences(rest, home) as JsonSchema;
}

/** As the schema's own library writes it; undefined where it cannot be written as one. */
export function writeSchema(schema: StandardSchemaV1, side: "input" | "output"): JsonSchema | undefined {
  const standard: StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props> = schema["~standard"];
  try {
    // Asked directly, zod leaves open what JSON Schema cannot say, instead of giving up on the whole.
    if (standard.vendor === "zod")
      return z.toJSONSchema(schema as unknown as z.ZodType, {
        target: "draft-7",
        io: side,
        unrepresentable: "any",
      }) as JsonSchema;
    return standard.jsonSchema?.[side]({ target: "draft-07" });
  } catch {
    return undefined;
  }
}

/** A schema refers to its own parts from its own root, which is `home` in the document. */
function moveReferences(node: unknown, home: string): unknown {
  if (Array.isArray(node)) return node.map((part) => moveReferences(part, home));
  if (typeof node !== "object" || node === null) return node;
  const moved: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    moved[key] =
      key === "$ref" && typeof value === "string" && value.startsWith("#")
        ? home + value.slice(1)
        : moveReferences(value, home);
  }
  return moved;
}
