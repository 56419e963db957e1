import { granting } from "../../machines/index.ts";
import { type CallerGrant, CoxswainError, type GrantClaims, quote } from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import type { Env } from "../env/env.ts";
import type { Incoming } from "../mailbox.ts";
import type { NodeGrants } from "./node-grants.ts";

/**
 * The stage "authority" of the boundary: the message has a grant that covers it, or needs none. It is checked offline; whether
 * the grant was revoked meanwhile is asked of its book before something is done that matters.
 *
 * @returns the grant it came under, undefined where it came without; NOT_GRANTED
 */
export function checkGrant(
  node: { readonly env: Env; readonly grants: NodeGrants },
  { grant: rule, protocol }: Pick<ActorDefinition, "grant" | "protocol">,
  { envelope, zone }: Pick<Incoming, "envelope" | "zone">,
): CallerGrant | CoxswainError | undefined {
  const { grant: token, from, to, type } = envelope;
  const operation = `${protocol.name}.${type}`;
  if (token === undefined) {
    if (rule?.types.has(type) !== true) return undefined;
    return refused(`Expected a grant with ${operation} to ${to}, got none`);
  }
  const opened = node.grants.open(token);
  if (typeof opened === "string") return refused(`Expected a grant with ${operation} to ${to}: ${opened}`);
  const wrong = objection(opened, { from, to, zone, operation, nowMs: node.env.nowMs() });
  return wrong === undefined
    ? { ...opened, token }
    : refused(`Grant ${opened.id} of ${opened.root} ${wrong}`);
}

interface Use {
  readonly from: string;
  readonly to: string;
  readonly zone: string;
  readonly operation: string;
  readonly nowMs: number;
}

function objection({ zone, terms }: GrantClaims, use: Use): string | undefined {
  const { holder, audience, operations, untilMs } = terms;
  if (untilMs <= use.nowMs) return `was given until ${untilMs}, and it is ${use.nowMs}`;
  if (zone !== use.zone) return `is one of zone ${quote(zone)}, the message came from ${quote(use.zone)}`;
  if (holder !== use.from) return `is held by ${holder}, the message came from ${quote(use.from)}`;
  if (!granting.reaches(audience, use.to as never))
    return `is for ${audience.join(", ") || "nobody"}, not for ${use.to}`;
  if (!granting.permits(operations, use.operation))
    return `permits ${operations.join(", ") || "nothing"}, not ${use.operation}`;
  return undefined;
}

function refused(message: string): CoxswainError {
  return new CoxswainError("NOT_GRANTED", message);
}
