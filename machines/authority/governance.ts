import {
  type DataClass,
  type DelegationRequest,
  type DelegationRule,
  type Facts,
  quote,
  type RuleSet,
  type Situation,
} from "../../protocols/index.ts";
import type { CompiledGate } from "./compiled-rules.ts";
import { dataFacts, dataFactsOf } from "./facts.ts";
import { durationText } from "./units.ts";

export interface Finding {
  readonly check: string;
  readonly found: string;
}

export interface Governance {
  /** The checks that were made, and what each found. */
  readonly findings: readonly Finding[];
  /** What the first that refuses says; undefined: none does. */
  readonly refused: string | undefined;
}

/** What governance goes by. */
interface Rules {
  readonly set: RuleSet;
  readonly gates: readonly CompiledGate[];
  readonly facts: Facts;
}

type Data = NonNullable<DelegationRequest["data"]>;
type Check = readonly [name: string, holds: boolean, found: string];

/**
 * Whether the data a task touches may get to its target: classification against clearance, purpose, retention,
 * residency, tools, and gates of the set's own. Clearance and lists of tools are checked under every rule, the rest where the rule requires governance.
 */
export function governanceOf(
  request: DelegationRequest,
  situation: Situation,
  rule: DelegationRule,
  { set, gates, facts }: Rules,
): Governance {
  const { data } = request;
  const full = rule.dataGovernanceRequired;
  const checks: Check[] = [];
  if (data === undefined) checks.push(["classification", true, "no data is named"]);
  else {
    const classes = set.governance.classifications;
    const known = Object.hasOwn(classes, data.classification) ? classes[data.classification] : undefined;
    checks.push(clearance(request, situation, data, known));
    if (full && known !== undefined)
      checks.push(purpose(data, known), retention(data, known), residency(request, situation, data, known));
    if (known?.tools !== undefined)
      checks.push(tools(request, known.tools, `${quote(data.classification)} data`));
    if (full) checks.push(...gatesHeld(request, situation, gates, facts));
  }
  if (rule.tools !== undefined) checks.push(tools(request, rule.tools, `rule ${quote(rule.name)}`));
  return {
    findings: checks.map(([check, , found]) => ({ check, found })),
    refused: checks.find(([, holds]) => !holds)?.[2],
  };
}

function clearance(
  request: DelegationRequest,
  situation: Situation,
  { classification }: Data,
  known: DataClass | undefined,
): Check {
  const label = quote(classification);
  if (known === undefined) return ["classification", false, `no rule says what becomes of ${label} data`];
  const cleared = classification === "public" || situation.to?.clearance.includes(classification) === true;
  return ["classification", cleared, `${request.to} is ${cleared ? "" : "not "}cleared for ${label} data`];
}

function purpose({ classification, purpose: named }: Data, { purposes }: DataClass): Check {
  if (purposes === undefined) return ["purpose", true, "any purpose"];
  const holds = named !== undefined && purposes.includes(named);
  const given = named === undefined ? "no purpose is named" : `purpose ${quote(named)}`;
  const wanted = holds ? "" : `, and ${quote(classification)} data is for ${purposes.join(", ") || "none"}`;
  return ["purpose", holds, given + wanted];
}

function retention({ classification, retentionMs }: Data, { retentionMaxMs }: DataClass): Check {
  if (retentionMaxMs === undefined) return ["retention", true, "any time"];
  const holds = retentionMs !== undefined && retentionMs <= retentionMaxMs;
  const given = retentionMs === undefined ? "no retention is named" : `kept for ${durationText(retentionMs)}`;
  const wanted = `, and ${quote(classification)} data is kept for at most ${durationText(retentionMaxMs)}`;
  return ["retention", holds, given + (holds ? "" : wanted)];
}

/** Where the target's data stays must suit the data, and the data its classification. */
function residency({ to }: DelegationRequest, situation: Situation, data: Data, known: DataClass): Check {
  const [place, wanted, allowed] = [situation.to?.residency, data.residency, known.residency];
  if (wanted === undefined && allowed === undefined) return ["residency", true, "anywhere"];
  if (wanted !== undefined && allowed?.includes(wanted) === false) {
    const stays = `${quote(data.classification)} data stays in ${allowed.join(", ")}`;
    return ["residency", false, `${stays}, and not in ${quote(wanted)}`];
  }
  const places = wanted === undefined ? (allowed ?? []) : [wanted];
  const keeps = place === undefined ? "says not where its data stays" : `keeps its data in ${quote(place)}`;
  if (place !== undefined && places.includes(place)) return ["residency", true, `${to} ${keeps}`];
  return ["residency", false, `${to} ${keeps}, and this data stays in ${places.join(", ")}`];
}

/** What is said of the data overrules a claim of that name, and a claim of what is not said counts for nothing. */
function gatesHeld(
  request: DelegationRequest,
  situation: Situation,
  gates: readonly CompiledGate[],
  facts: Facts,
): Check[] {
  const others = Object.entries(facts).filter(([name]) => !dataFacts.includes(name));
  const all = { ...Object.fromEntries(others), ...dataFactsOf(request, situation) };
  return gates.map(({ name, failureOf }) => {
    const failed = failureOf(all);
    return [name, failed === undefined, failed ?? "holds"];
  });
}

function tools(request: DelegationRequest, allowed: readonly string[], by: string): Check {
  const barred = request.tools.filter((tool) => !allowed.includes(tool));
  const holds = barred.length === 0;
  return [
    "tools",
    holds,
    holds ? `allowed by ${by}` : `${by} does not allow ${barred.map(quote).join(", ")}`,
  ];
}
