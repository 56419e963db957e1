import { quote } from "./address.ts";
import { CoxswainError, isCoxswainError } from "./errors.ts";

/** What one body may cost, wherever it comes from. */
export interface Limits {
  /** Encoded size in bytes; 1 MiB, as a NATS server's default `max_payload`. */
  readonly bytesMax: number;
  /** Arrays and objects inside each other. A cycle is found by this. */
  readonly depthMax: number;
  /** Values, elements and keys in all. */
  readonly nodesMax: number;
}

export const limitsDefault: Limits = Object.freeze({ bytesMax: 1_048_576, depthMax: 32, nodesMax: 65_536 });

export function withDefaults(given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return limitsDefault;
  return isWhole(given) ? given : { ...limitsDefault, ...given };
}

function isWhole(limits: Partial<Limits>): limits is Limits {
  return limits.bytesMax !== undefined && limits.depthMax !== undefined && limits.nodesMax !== undefined;
}

/** Keys that reach a prototype in somebody's careless `Object.assign`; no body has them, from nobody. */
export function isForbiddenKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

// The way to the value in hand, one key a level: written while walking, read only by a refusal.
const path: (string | number)[] = new Array(64).fill("");

/** Each rule below takes the depth at which this path ends. */
export function setPath(depth: number, key: string | number): void {
  path[depth] = key;
}

export function checkFinite(value: number, depth: number): void {
  if (!Number.isFinite(value)) throw invalid(depth, `Expected a finite number, got ${String(value)}`);
}

const int64Min = -(2n ** 63n);
const uint64Max = 2n ** 64n - 1n;

export function checkBigint(value: bigint, depth: number): void {
  if (value < int64Min || value > uint64Max)
    throw invalid(depth, `Expected a bigint of 64 bits, got ${quote(String(value))}`);
}

export function checkObject(object: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(object, depth);
}

export function checkContainer(nodes: number, depth: number, limits: Limits): void {
  if (depth >= limits.depthMax)
    throw invalid(Math.min(depth, 4), `Expected at most ${limits.depthMax} levels and no cycle, got more`);
  if (nodes > limits.nodesMax) throw invalid(depth, `Expected at most ${limits.nodesMax} values, got more`);
}

export function notPlain(value: unknown, depth: number): CoxswainError {
  return invalid(depth, `Expected plain data, got ${describe(value)}`);
}

export function loneSurrogate(text: string, depth: number): CoxswainError {
  return invalid(depth, `Expected well-formed text, got a lone surrogate in ${quote(text)}`);
}

export function forbiddenKey(key: string, depth: number): CoxswainError {
  return invalid(depth, `Expected a key other than ${quote(key)}`);
}

/** @throws PAYLOAD_TOO_LARGE */
export function checkSize(bytes: Uint8Array, limits: Limits): void {
  if (bytes.length > limits.bytesMax) throw tooLarge(bytes.length, limits);
}

export function tooLarge(bytes: number, limits: Limits): CoxswainError {
  return new CoxswainError("PAYLOAD_TOO_LARGE", `Expected at most ${limits.bytesMax} bytes, got ${bytes}`, {
    details: { bytes, bytesMax: limits.bytesMax },
  });
}

function invalid(depth: number, message: string): CoxswainError {
  const where = ["body", ...path.slice(0, depth)].join(".");
  return new CoxswainError("MESSAGE_INVALID", `${message} at ${where.slice(0, 200)}`, {
    details: { path: where.slice(0, 200) },
  });
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return `a value of type ${typeof value}`;
  const name: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor?.name;
  return value instanceof Date
    ? "a Date; send epoch milliseconds"
    : `an instance of ${typeof name === "string" && name !== "" ? name : "a class"}`;
}

export function checkWellFormed(text: string, depth: number): void {
  // Of ES2024, which Node has since version 20.
  const { isWellFormed } = String.prototype as unknown as { isWellFormed(this: string): boolean };
  if (!isWellFormed.call(text)) throw loneSurrogate(text, depth);
}

export function isPair(high: number, low: number): boolean {
  return high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

// From this many UTF-16 units on, one call of `encodeInto` is faster than a loop in JavaScript.
export const longTextUnits = 40;

/** What a getter or a proxy throws while it is read is the sender's fault too. */
export function asRefusal(thrown: unknown): CoxswainError {
  if (isCoxswainError(thrown)) return thrown;
  return new CoxswainError(
    "MESSAGE_INVALID",
    "Expected plain data, got an object that throws when it is read",
    {
      cause: thrown,
    },
  );
}
