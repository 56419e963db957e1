import { isActor } from "../../xstate/internals.ts";

/** Levels below which a value is cut; what is deeper counts as equal. */
const depthMax = 64;

/**
 * Any value as plain data: what makes two moments of a machine the same, and what a difference is shown by.
 * Keys are sorted, what is undefined is left out; actors are their ids, functions their names, and whoever waits for an
 * answer is just an asker: which question it was changes with every run.
 */
export function plainOf(value: unknown): unknown {
  return plain(value, [], 0);
}

/** Text that is the same for the same data. */
export function textOf(value: unknown): string {
  return JSON.stringify(plainOf(value)) ?? "undefined";
}

function plain(value: unknown, above: readonly object[], depth: number): unknown {
  switch (typeof value) {
    case "bigint":
      return `bigint ${value}`;
    case "function":
      return `function ${value.name}`;
    case "symbol":
      return String(value);
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : `number ${value}`;
    case "object":
      return value === null ? null : plainObject(value, above, depth);
    default:
      return value;
  }
}

function plainObject(value: object, above: readonly object[], depth: number): unknown {
  if (above.includes(value)) return "(itself)";
  if (depth > depthMax) return "(too deep)";
  if (isReference(value)) return `actor ${(value as { id: string }).id}`;
  if ("$replyTo" in value) return "asker";
  const within = [...above, value];
  const inner = (part: unknown): unknown => plain(part, within, depth + 1);
  if (Array.isArray(value)) return Array.from(value, (part) => inner(part) ?? null);
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value instanceof RegExp) return `${value}`;
  if (value instanceof Error)
    return { error: value.name, message: value.message, ...entriesOf(value, inner) };
  if (value instanceof Map) return { map: [...value].map(inner) };
  if (value instanceof Set) return { set: [...value].map(inner) };
  if (ArrayBuffer.isView(value))
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  return entriesOf(value, inner);
}

function entriesOf(value: object, inner: (part: unknown) => unknown): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const given = (value as Record<string, unknown>)[key];
    const part = typeof given === "string" || typeof given === "boolean" ? given : inner(given);
    if (part !== undefined) entries[key] = part;
  }
  return entries;
}

function isReference(value: object): boolean {
  const { sessionId, id } = value as { sessionId?: unknown; id?: unknown };
  return isActor(value) || (typeof sessionId === "string" && typeof id === "string");
}
