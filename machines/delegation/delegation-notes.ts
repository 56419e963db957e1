import { type AuditNote, actorAddress } from "../../protocols/index.ts";
import type { DelegationContext } from "./delegation-context.ts";

/** Who keeps them: a durable agent, so that what is told in a turn is kept if and only if the turn is committed. */
export const keeper = actorAddress("auditor.main");

type Note = { readonly type: "note" } & AuditNote;

function note(context: DelegationContext, kind: string, inputs: unknown, outcome: unknown): Note {
  const { id, request, gathered } = context;
  const by = request === undefined ? {} : { by: request.from };
  const rules = gathered === undefined ? {} : { rules: gathered.situation.rules };
  return { type: "note", id: `${id}/${kind}`, kind, subject: id, ...by, inputs, ...rules, outcome };
}

/** All that the decision was made from, and it: it can be made again from this note and the rules that it names. */
export function decidedNote(context: DelegationContext): Note {
  const { request, gathered } = context;
  return note(context, "decided", { request, situation: gathered?.situation }, gathered?.decision);
}

/** Where the target's book had the last word, and it was no. */
export function deniedNotes(context: DelegationContext): Note[] {
  const { decision, gathered } = context;
  return gathered?.decision.ok === true && decision?.ok === false
    ? [note(context, "denied", { book: gathered.situation.load }, decision)]
    : [];
}

export function gateNote(
  context: DelegationContext,
  { approved, by, reason }: { readonly approved: boolean; readonly by: string; readonly reason: string },
): Note {
  return note(context, "gate", { hash: context.gathered?.hash }, { approved, by, reason });
}

export function assignedNote(context: DelegationContext): Note {
  return note(context, "assigned", { to: context.request?.to }, { granted: context.granted });
}

/** Without what came of the work: that is between those two. */
export function endedNote(context: DelegationContext): Note {
  const { result } = context;
  if (result?.status === "done") return note(context, "ended", null, { status: "done" });
  if (result?.status === "refused")
    return note(context, "ended", null, { status: "refused", check: checkOf(result) });
  return note(context, "ended", null, result);
}

function checkOf({
  decision,
}: {
  readonly decision: { readonly ok: boolean; readonly check?: string };
}): string {
  return decision.check ?? "";
}

export function ladderNote(
  context: DelegationContext,
  { state, by, reason }: { readonly state: string; readonly by: string; readonly reason: string },
): Note {
  return note(context, "ladder", null, { state, by, reason });
}
