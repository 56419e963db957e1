import {
  CoxswainError,
  type Protocol,
  quote,
  type ReplyTo,
  replySchema,
  validate,
} from "../../../protocols/index.ts";
import type { ActionCall } from "../../xstate/tree-host.ts";
import type { Said } from "./said.ts";

/** Why the runtime would not let something out: a reply or an event that does not fit the protocol. */
export function misfitOf(protocol: Protocol | undefined, said: Said, { params }: ActionCall): unknown {
  if (protocol === undefined) return undefined;
  if (said.kind === "reply") {
    const { question } = (params as { to: ReplyTo }).to;
    const schema = replySchema(protocol, question);
    const read = schema === undefined ? undefined : validate(schema, said.value);
    if (read?.ok !== false) return undefined;
    const text = `Expected a reply to ${question}: ${read.issues}; got ${quote(said.value)}`;
    return new CoxswainError("REPLY_INVALID", text);
  }
  if (said.kind !== "emit") return undefined;
  const { type, ...body } = said.event;
  const schema = Object.hasOwn(protocol.emits, type) ? protocol.emits[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(protocol.emits).join(", ");
    const text = `Expected an event that ${protocol.name} emits (${known}), got ${quote(type)}`;
    return new CoxswainError("MESSAGE_INVALID", text);
  }
  const read = validate(schema, body);
  if (read.ok) return undefined;
  const text = `Expected an event ${protocol.name}.${type}: ${read.issues}; got ${quote(body)}`;
  return new CoxswainError("MESSAGE_INVALID", text);
}
