import type { MessageOf, Protocol } from "../../../protocols/index.ts";
import { textOf } from "../model/plain.ts";

/** The message types of a protocol. */
export type TypeOf<P extends Protocol> = keyof P["accepts"] & string;

/** A message of one type, as an actor of the protocol gets it. */
export type Received<P extends Protocol, K extends string> = Extract<MessageOf<P>, { readonly type: K }>;

/** Some of a value: of an object the fields that count; lists are as long as they have to be. */
export type Some<T> = T extends (...args: never) => unknown
  ? T
  : T extends readonly (infer E)[]
    ? readonly Some<E>[]
    : T extends Date | Uint8Array
      ? T
      : T extends object
        ? { readonly [K in keyof T]?: Some<T[K]> }
        : T;

/** A type, and of its payload and sender what counts. */
export type MessagePattern<P extends Protocol, K extends TypeOf<P> = TypeOf<P>> = K extends unknown
  ? { readonly type: K } & Some<Omit<Received<P, K>, "type" | "replyTo">>
  : never;

/** Any of the forms in which a test says what it expects. */
export type AnyPattern = string | { readonly type: string } | ((message: never) => boolean);

/** What a message lacks to be the one expected, in lines; none if it is. What a predicate throws is thrown. */
export function differences(expected: AnyPattern, message: { readonly type: string }): readonly string[] {
  if (typeof expected === "function")
    return expected(message as never) ? [] : ["the predicate does not hold"];
  const pattern = typeof expected === "string" ? { type: expected } : expected;
  // Payloads of two types have nothing to do with each other.
  if (pattern.type !== message.type) return [`expected ${pattern.type}, got ${message.type}`];
  const lines: string[] = [];
  compare(pattern, message, "", lines);
  return lines;
}

/** A matcher of a test runner, such as `expect.any(Number)`. */
interface Matcher {
  asymmetricMatch(value: unknown): boolean;
}

const levelsMax = 64;

function compare(expected: unknown, got: unknown, path: string, lines: string[], level = 0): void {
  const differs = (): void => {
    lines.push(`${path}: expected ${brief(expected)}, got ${brief(got)}`);
  };
  if (isMatcher(expected)) {
    if (!expected.asymmetricMatch(got)) differs();
    return;
  }
  if (level > levelsMax || !isBranch(expected) || !isBranch(got)) {
    if (textOf(expected) !== textOf(got)) differs();
    return;
  }
  if (Array.isArray(expected) !== Array.isArray(got)) return differs();
  if (Array.isArray(expected) && expected.length !== (got as unknown as unknown[]).length) return differs();
  for (const [key, part] of Object.entries(expected)) {
    const place = path === "" ? key : `${path}.${key}`;
    compare(part, Object.hasOwn(got, key) ? got[key] : undefined, place, lines, level + 1);
  }
}

/** What has fields or elements that are compared one by one; anything else is compared as a whole. */
function isBranch(value: unknown): value is Record<string, unknown> {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isMatcher(value: unknown): value is Matcher {
  return typeof (value as Partial<Matcher> | null | undefined)?.asymmetricMatch === "function";
}

const briefMax = 200;

export function brief(value: unknown): string {
  const text = isMatcher(value) ? String(value) : textOf(value);
  return text.length > briefMax ? `${text.slice(0, briefMax)}…` : text;
}

/** What is expected, for a message. */
export function patternText(expected: AnyPattern): string {
  if (typeof expected === "string") return expected;
  if (typeof expected === "function")
    return `a message for which ${expected.name === "" ? "the predicate" : expected.name} holds`;
  return messageText(expected);
}

/** A message as its type, its payload and its sender. */
export function messageText(message: { readonly type: string }): string {
  const { type, sender, replyTo: _, ...payload } = message as Record<string, unknown>;
  const body = Object.keys(payload).length === 0 ? "" : ` ${brief(payload)}`;
  return `${type}${body}${sender === undefined ? "" : ` from ${sender}`}`;
}
