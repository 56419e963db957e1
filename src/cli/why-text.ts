import {
  type AuditRecord,
  type Check,
  type Decision,
  type DelegationRequest,
  decision as decisionSchema,
  delegationChecks,
  delegationRequest,
  priorities,
  type Situation,
  situation as situationSchema,
} from "../../protocols/index.ts";
import { durationText, type Paint, plainText, toJson } from "./output.ts";

/** One line of an explanation. */
export interface Line {
  readonly label: string;
  readonly text: string;
  /** How a check came out; absent for what is no check. */
  readonly mark?: "held" | "failed" | "open";
}

/** Why a delegation went as it did, from what the audit has of it, oldest first: a line for each step and each check. */
export function explain(records: readonly AuditRecord[]): readonly Line[] {
  const decided = records.find(({ kind }) => kind === "decided");
  const made = decided && readDecided(decided);
  const rest = records.filter((record) => record !== decided && !(made !== undefined && isInChecks(record)));
  const later = rest.map((record) => eventLine(record, records[0] ?? record));
  if (decided === undefined || made === undefined)
    return [...(decided === undefined ? [] : [otherLine(decided)]), ...later];
  return [askedLine(made.request, decided.atMs), ...checkLines(made, decided, records), ...later];
}

/** How it stands: how it ended, or what was noted last. */
export function stageOf(records: readonly AuditRecord[]): string {
  const ended = records.findLast(({ kind }) => kind === "ended");
  return ended === undefined
    ? (records.at(-1)?.kind ?? "unknown")
    : (wordOf(ended.outcome, "status") ?? "ended");
}

export function explanationText(subject: string, records: readonly AuditRecord[], paint: Paint): string {
  const marks = { held: paint("green", "holds"), failed: paint("red", "fails"), open: paint("dim", "-") };
  const lines = explain(records).map(({ label, text, mark }) => {
    const found = [...(mark === undefined ? [] : [marks[mark]]), plainText(text)].filter(
      (part) => part !== "",
    );
    return `  ${plainText(label).padEnd(11)} ${found.join("  ")}`;
  });
  return [`${paint("bold", plainText(subject))}  ${plainText(stageOf(records))}`, ...lines].join("\n");
}

interface Made {
  readonly request: DelegationRequest;
  readonly situation: Situation;
  readonly decision: Decision;
}

/** Undefined for a decision of another kind than ours. */
function readDecided({ inputs, outcome }: AuditRecord): Made | undefined {
  const { request, situation } = (inputs ?? {}) as {
    readonly request?: unknown;
    readonly situation?: unknown;
  };
  const [asked, found, made] = [
    delegationRequest.safeParse(request),
    situationSchema.safeParse(situation),
    decisionSchema.safeParse(outcome),
  ];
  if (!asked.success || !found.success || !made.success) return undefined;
  return { request: asked.data, situation: found.data, decision: made.data };
}

/** What the book and the gate said belongs to the checks that they made. */
function isInChecks({ kind }: AuditRecord): boolean {
  return kind === "denied" || kind === "gate";
}

function askedLine({ from, to, task, priority }: DelegationRequest, atMs: number): Line {
  const name = Object.entries(priorities).find(([, value]) => value === priority)?.[0] ?? String(priority);
  const at = new Date(atMs).toISOString();
  return { label: "asked", text: `${from} delegates ${task.type} to ${to}, priority ${name}, ${at}` };
}

function checkLines(made: Made, decided: AuditRecord, records: readonly AuditRecord[]): readonly Line[] {
  const denied = records.find(({ kind }) => kind === "denied");
  const byBook = decisionSchema.safeParse(denied?.outcome);
  const gate = records.findLast(({ kind }) => kind === "gate");
  const refused = [made.decision, ...(byBook.success ? [byBook.data] : [])].find(({ ok }) => !ok);
  const failedAt = refused?.ok === false ? delegationChecks.indexOf(refused.check) : delegationChecks.length;
  return delegationChecks.flatMap((check, at): Line[] => {
    if (at > failedAt) return [{ label: check, text: "not reached", mark: "open" }];
    if (at === failedAt && refused?.ok === false) return refusalLines(refused);
    if (check === "approval") return [approvalLine(made.decision, gate)];
    return [{ label: check, text: heldText(check, made, decided), mark: "held" }];
  });
}

function refusalLines(refused: Decision & { readonly ok: false }): Line[] {
  const { check, reason, nearest, alternatives, escalationPath } = refused;
  const others = alternatives.map(({ address, free }) => `${address} (${free} free)`).join(", ");
  // The first of them is in the reason already.
  const near = nearest
    .slice(1)
    .map(({ rule, failed }) => ({ label: "", text: `nearest ${rule}: ${failed}` }));
  return [
    { label: check, text: reason, mark: "failed" },
    ...near,
    ...(others === "" ? [] : [{ label: "", text: `instead ${others}` }]),
    ...(escalationPath.length === 0
      ? []
      : [{ label: "", text: `escalates to ${escalationPath.join(", then ")}` }]),
  ];
}

function heldText(check: Check, { request, situation, decision }: Made, { rules }: AuditRecord): string {
  const accepted = decision.ok ? decision : undefined;
  switch (check) {
    case "authority":
      return `${situation.from?.authority} may delegate to ${situation.to?.authority}`;
    case "rule":
      return `${accepted?.rule ?? "one applies"}, of rules ${rules?.version} (${rules?.hash.slice(0, 12)})`;
    case "capacity":
      return `${situation.load.inFlight} of ${situation.load.capacity} places were taken`;
    case "limits":
      return limitsText(request, accepted?.limits ?? {});
    default:
      return accepted?.governance.map(({ check, found }) => `${check}: ${found}`).join("; ") ?? "";
  }
}

function limitsText(
  { resources }: DelegationRequest,
  limits: Readonly<Record<string, number | undefined>>,
): string {
  const asked = Object.entries(resources).map(([name, amount]) => {
    const limit = limits[name];
    return `${name} ${amount}${limit === undefined ? "" : ` of ${limit}`}`;
  });
  return asked.length === 0 ? "nothing was asked for" : asked.join(", ");
}

function approvalLine(decision: Decision, gate: AuditRecord | undefined): Line {
  const label = "approval";
  if (!decision.ok || !decision.approval.required) return { label, text: "not required", mark: "held" };
  if (gate === undefined) return { label, text: "required; nobody has decided", mark: "open" };
  const { approved } = gate.outcome as { readonly approved?: unknown };
  const by = wordOf(gate.outcome, "by") ?? "";
  const verb = approved === true ? "approved" : "refused";
  const who = by === "" ? `${verb}, as nobody decided in time` : `${verb} by ${by}`;
  return { label, text: withReason(who, gate.outcome), mark: approved === true ? "held" : "failed" };
}

function eventLine(record: AuditRecord, first: AuditRecord): Line {
  const { kind, inputs, outcome, atMs } = record;
  const after = durationText(atMs - first.atMs);
  if (kind === "assigned") {
    const granted = (outcome as { readonly granted?: unknown } | null)?.granted === true;
    return {
      label: kind,
      text: `to ${wordOf(inputs, "to") ?? "?"}${granted ? ", under a grant" : ""}, after ${after}`,
    };
  }
  if (kind === "ladder") {
    const text = `${wordOf(outcome, "state") ?? "?"} by ${wordOf(outcome, "by") ?? "?"}`;
    return { label: kind, text: `${withReason(text, outcome)}, after ${after}` };
  }
  if (kind !== "ended") return otherLine(record);
  const text = withReason(wordOf(outcome, "status") ?? "?", outcome);
  return { label: kind, text: `${text}, after ${after}` };
}

/** Of a kind that is not ours: as it is. */
function otherLine({ kind, outcome, actor, by = actor }: AuditRecord): Line {
  return { label: kind, text: `${by === "" ? "" : `by ${by}: `}${toJson(outcome).slice(0, 500)}` };
}

function withReason(text: string, outcome: unknown): string {
  const reason = wordOf(outcome, "reason") ?? "";
  return reason === "" ? text : `${text}: ${reason}`;
}

function wordOf(from: unknown, key: string): string | undefined {
  if (typeof from !== "object" || from === null) return undefined;
  const value = (from as Readonly<Record<string, unknown>>)[key];
  return typeof value === "string" ? value : undefined;
}
