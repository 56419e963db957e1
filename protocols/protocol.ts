import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ActorAddress, isToken, type MessageId, quote } from "./address.ts";
import type { CallerGrant } from "./authority/grant-token.ts";
import { CoxswainError } from "./errors.ts";

export type Schema<In = unknown, Out = In> = StandardSchemaV1<In, Out>;

/** An accepted message that wants a reply of a stated shape. Made by {@link question}. */
export interface Question<
  In extends StandardSchemaV1 = StandardSchemaV1,
  Out extends StandardSchemaV1 = StandardSchemaV1,
> {
  readonly kind: "question";
  readonly payload: In;
  readonly reply: Out;
}

export type Accepts = Readonly<Record<string, StandardSchemaV1 | Question>>;
export type Emits = Readonly<Record<string, StandardSchemaV1>>;

/** What may be said to an actor, and what it says to whoever listens. */
export interface Protocol<A extends Accepts = Accepts, E extends Emits = Emits, N extends string = string> {
  readonly name: N;
  /** `major.minor`. A newer minor only adds; another major is refused with VERSION_UNSUPPORTED. */
  readonly version: string;
  readonly accepts: A;
  readonly emits: E;
  /** `name@major.minor`, as it travels. */
  readonly tag: string;
  /** A protocol prints as its tag, wherever it is kept as data. */
  toJSON(): string;
}

/** Where a reply goes: plain data, so that a machine may keep it in its context and reply later. */
export interface ReplyTo<Reply = unknown> {
  readonly $replyTo: string;
  readonly question: MessageId;
  /** Epoch milliseconds after which nobody waits any more. */
  readonly deadlineMs?: number;
  readonly "~reply"?: Reply;
}

type In<S> = S extends StandardSchemaV1 ? Fields<StandardSchemaV1.InferInput<S>> : never;
type Out<S> = S extends StandardSchemaV1 ? Fields<StandardSchemaV1.InferOutput<S>> : never;
// z.object({}) infers Record<string, never>, which would poison every key of the union.
type Fields<T> = string extends keyof T ? unknown : T;
type Flat<T> = { [K in keyof T]: T[K] } & {};
type Names<T> = keyof T & string;
type PayloadSchema<M> = M extends Question<infer I> ? I : M;
type ReplySchema<M> = M extends { kind: "question"; reply: infer R } ? R : never;
type ReplyMark<M> = M extends Question ? { readonly replyTo?: ReplyTo<ReplyValue<M>> } : unknown;
type ReplyValue<M> =
  ReplySchema<M> extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<ReplySchema<M>> : never;

type Received<M, K extends string> = Flat<
  {
    readonly type: K;
    readonly sender?: ActorAddress;
    /** Under which it was sent, where its receiver asks for grants; checked. */
    readonly underGrant?: CallerGrant;
  } & Out<PayloadSchema<M>> &
    ReplyMark<M>
>;

/** The events of a machine that speaks this protocol: `setup({ types: { events: {} as MessageOf<typeof p> } })`. */
export type MessageOf<P extends Protocol> = {
  [K in Names<P["accepts"]>]: Received<P["accepts"][K], K>;
}[Names<P["accepts"]>];

/** What may be told to such an actor. */
export type OutgoingOf<P extends Protocol> = {
  [K in Names<P["accepts"]>]: Flat<{ readonly type: K } & In<PayloadSchema<P["accepts"][K]>>>;
}[Names<P["accepts"]>];

/** The types of a protocol that have a reply. */
export type QuestionTypeOf<P extends Protocol> = {
  [K in Names<P["accepts"]>]: P["accepts"][K] extends Question ? K : never;
}[Names<P["accepts"]>];

/** What may be asked: an outgoing message whose type has a reply. */
export type QuestionOf<P extends Protocol, K extends QuestionTypeOf<P> = QuestionTypeOf<P>> = {
  [T in K]: Flat<{ readonly type: T } & In<PayloadSchema<P["accepts"][T]>>>;
}[K];

/** The payload of one accepted type, as it is given. */
export type PayloadOf<P extends Protocol, K extends Names<P["accepts"]>> = In<PayloadSchema<P["accepts"][K]>>;

/** The reply to one question. */
export type ReplyOf<P extends Protocol, K extends string> =
  K extends Names<P["accepts"]> ? ReplyValue<P["accepts"][K]> : never;

/** What an actor of this protocol emits; a machine's `emitted` type. */
export type EmittedOf<P extends Protocol> = {
  [K in Names<P["emits"]>]: Flat<{ readonly type: K } & Out<P["emits"][K]>>;
}[Names<P["emits"]>];

export function question<I extends StandardSchemaV1, O extends StandardSchemaV1>(
  payload: I,
  reply: O,
): Question<I, O> {
  return { kind: "question", payload, reply };
}

/** Keys of a machine event that are ours, so no payload may have them. */
export const reservedKeys = ["type", "sender", "replyTo", "underGrant"] as const;
/** Life-cycle facts share the event subjects with emitted events. */
export const factTypes = [
  "started",
  "stopped",
  "failed",
  "changed",
  "refused",
  "activated",
  "quarantined",
] as const;
const typeName = /^[a-z][A-Za-z0-9]{0,63}$/;

/**
 * Describes a protocol. Types are one camelCase word: commands imperative (`delegate`), events past tense.
 *
 * @throws PROTOCOL_INVALID for a name, version or type that is not of its form.
 */
export function defineProtocol<
  const N extends string,
  const A extends Accepts,
  const E extends Emits = Record<never, never>,
>(definition: {
  readonly name: N;
  readonly version?: string;
  readonly accepts: A;
  readonly emits?: E;
}): Protocol<A, E, N> {
  const { name, version = "1.0", accepts, emits = {} as E } = definition;
  const fail = (message: string): never => {
    throw new CoxswainError("PROTOCOL_INVALID", message);
  };
  if (!isToken(name)) fail(`Expected a protocol name of A-Z a-z 0-9 _ -, got ${quote(name)}`);
  if (!/^\d{1,6}\.\d{1,6}$/.test(version))
    fail(`Expected a version "major.minor" for ${name}, got ${quote(version)}`);
  for (const type of [...Object.keys(accepts), ...Object.keys(emits)]) {
    if (!typeName.test(type))
      fail(`Expected message types of ${name} to be one camelCase word, got ${quote(type)}`);
  }
  for (const type of Object.keys(emits)) {
    if ((factTypes as readonly string[]).includes(type))
      fail(`${name} emits ${quote(type)}, which names a life-cycle fact`);
  }
  for (const [type, entry] of [...Object.entries(accepts), ...Object.entries(emits)]) {
    if (!isSchema("kind" in entry ? entry.payload : entry)) fail(`${name}.${type} has no Standard Schema`);
    if ("kind" in entry && !isSchema(entry.reply))
      fail(`The reply of ${name}.${type} has no Standard Schema`);
  }
  const tag = `${name}@${version}`;
  return Object.freeze({
    name,
    version,
    accepts: Object.freeze({ ...accepts }),
    emits: Object.freeze({ ...emits }),
    tag,
    toJSON: () => tag,
  });
}

function isSchema(value: unknown): value is StandardSchemaV1 {
  return typeof (value as StandardSchemaV1 | undefined)?.["~standard"]?.validate === "function";
}

/** The schema of an accepted type, or undefined. Own keys only: `toString` is no message. */
export function payloadSchema(protocol: Protocol, type: string): StandardSchemaV1 | undefined {
  if (!Object.hasOwn(protocol.accepts, type)) return undefined;
  const entry = protocol.accepts[type] as StandardSchemaV1 | Question;
  return "kind" in entry ? entry.payload : entry;
}

export function replySchema(protocol: Protocol, type: string): StandardSchemaV1 | undefined {
  if (!Object.hasOwn(protocol.accepts, type)) return undefined;
  const entry = protocol.accepts[type] as StandardSchemaV1 | Question;
  return "kind" in entry ? entry.reply : undefined;
}

export type Validated =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: string };

/**
 * Checks a value against a schema, now. The issues name the path and are cut to 500 characters.
 *
 * @throws SCHEMA_ASYNC if the schema answers with a promise: call order would no longer be message order.
 */
export function validate(schema: StandardSchemaV1, value: unknown): Validated {
  const result = schema["~standard"].validate(value);
  // By `then`, so that a promise of another library does not pass for a result without issues.
  if ("then" in result) {
    result.then(undefined, () => {});
    throw new CoxswainError(
      "SCHEMA_ASYNC",
      `Expected a synchronous schema, got a promise from ${schema["~standard"].vendor}`,
    );
  }
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issues = result.issues.slice(0, 5).map((issue) => {
    const path = (issue.path ?? [])
      .map((part) => String(typeof part === "object" ? part.key : part))
      .join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return { ok: false, issues: issues.join("; ").slice(0, 500) };
}
