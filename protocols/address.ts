import { CoxswainError } from "./errors.ts";

declare const addressBrand: unique symbol;
declare const messageIdBrand: unique symbol;

/** Where an actor is reached: one to eight dotted tokens, `crew.bow.2`. Plain data, so it may live anywhere. */
export type ActorAddress = string & { readonly [addressBrand]: true };

/** Names one message for ever: the sending node's incarnation and a counter. */
export type MessageId = string & { readonly [messageIdBrand]: true };

/** A token of an address, a system's or a node's name: it can never become a NATS wildcard or a second token. */
const token = /^[A-Za-z0-9_-]{1,64}$/;
export const addressTokensMax = 8;
export const addressLengthMax = 200;

export function isToken(text: unknown): text is string {
  return typeof text === "string" && token.test(text);
}

/** @throws ADDRESS_INVALID */
export function actorAddress(text: string): ActorAddress {
  if (!isActorAddress(text)) {
    throw new CoxswainError(
      "ADDRESS_INVALID",
      `Expected an address like "crew.bow.2" (1 to ${addressTokensMax} dotted tokens of A-Z a-z 0-9 _ -, at most ${addressLengthMax} characters), got ${quote(text)}`,
    );
  }
  return text;
}

export function isActorAddress(text: unknown): text is ActorAddress {
  if (typeof text !== "string" || text.length > addressLengthMax) return false;
  const tokens = text.split(".");
  return tokens.length <= addressTokensMax && tokens.every(isToken);
}

/** The first token: the name that has one home node. */
export function rootOf(address: ActorAddress): string {
  const dot = address.indexOf(".");
  return dot < 0 ? address : address.slice(0, dot);
}

/** The only maker of message ids. `incarnation` is the node's, `count` its running number. */
export function messageId(incarnation: string, count: number): MessageId {
  return `${incarnation}-${count.toString(36)}` as MessageId;
}

/** Quotes what came, on one line that is short enough for an error message. */
export function quote(value: unknown): string {
  let text: string;
  try {
    // What is not finite is nothing in JSON.
    text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  } catch {
    text = `a value of type ${typeof value}`;
  }
  const line = text.replace(/[\u2028\u2029]/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}
