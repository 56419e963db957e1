import type { AuditRecord } from "../../protocols/index.ts";
import type { Audit } from "./audit.ts";

/** A decision that was made again, and came out otherwise. */
export interface DecisionDifference {
  readonly sequence: number;
  readonly id: string;
  readonly recorded: string;
  /** What it is now, or why there is none. */
  readonly decided: string;
}

export interface DecisionReplay {
  readonly decisions: number;
  /** At most 100, the first. */
  readonly differences: readonly DecisionDifference[];
}

const differencesMax = 100;

/**
 * Makes every decision of the audit again, and compares it with what was decided, byte for byte as JSON.
 *
 * @param decide gives the outcome of a record's inputs, under the rules that the record names
 */
export async function replayDecisions(
  audit: Pick<Audit, "read">,
  decide: (record: AuditRecord) => unknown,
  { kind = "decided" }: { readonly kind?: string } = {},
): Promise<DecisionReplay> {
  const differences: DecisionDifference[] = [];
  let decisions = 0;
  for await (const { sequence, record } of audit.read()) {
    if (record.kind !== kind) continue;
    decisions += 1;
    const recorded = JSON.stringify(record.outcome);
    const decided = await decidedAgain(decide, record);
    if (decided !== recorded && differences.length < differencesMax)
      differences.push({ sequence, id: record.id, recorded, decided });
  }
  return { decisions, differences };
}

async function decidedAgain(decide: (record: AuditRecord) => unknown, record: AuditRecord): Promise<string> {
  try {
    return JSON.stringify(await decide(record)) ?? "undefined";
  } catch (error) {
    return String(error);
  }
}
