import type { AuditRecord } from "../../protocols/index.ts";
import type { AuditVerdict } from "../audit/index.ts";
import type { SystemClient } from "../client.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { type Paint, paintFor, plainText, print, say, toJson } from "./output.ts";
import { explanationText, stageOf } from "./why-text.ts";

export const why: Command = {
  name: "why",
  summary: "explain from the audit what was decided of a delegation",
  usage: "why [id] [options]",
  says: `Explains one delegation from the audit: what was asked, each check with what was found, the rule and its version,
who approved it, where it was escalated to, and how it ended. --verify looks first whether anything in the audit was
changed, removed or moved; without an id it does only that. Ends with 1 where it was, or where nothing is kept of the id.`,
  example: "coxswain why d-17\ncoxswain why d-17 --json\ncoxswain why --verify",
  options: {
    ...systemOptions,
    verify: { type: "boolean", says: "Look whether the audit is as it was written" },
    json: { type: "boolean", says: "One JSON document" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const [subject] = given.positionals;
    if (subject === undefined && !given.flag("verify"))
      throw new UsageError('Expected the id of a delegation, like "d-17", or --verify');
    await using client = await openSystem(given);
    const verdict = given.flag("verify") ? await client.audit.verify() : undefined;
    const records = subject === undefined ? [] : await recordsOf(client, subject);
    show(given, { subject, records, verdict });
    const isKnown = subject === undefined || records.length > 0;
    return isKnown && verdict?.ok !== false ? exitCodes.ok : exitCodes.failed;
  },
};

async function recordsOf(client: SystemClient, about: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for await (const { record } of client.audit.read({ about })) records.push(record);
  return records;
}

interface Found {
  readonly subject: string | undefined;
  readonly records: readonly AuditRecord[];
  readonly verdict: AuditVerdict | undefined;
}

function show(given: Given, { subject, records, verdict }: Found): void {
  if (given.flag("json")) {
    const known = subject === undefined ? {} : { subject, stage: stageOf(records), records };
    return void print(toJson({ ...known, ...(verdict === undefined ? {} : { audit: verdict }) }, 2));
  }
  const paint = paintFor(process.stdout);
  if (verdict !== undefined) print(verdictText(verdict, paint));
  if (subject === undefined) return;
  if (records.length === 0) say(`coxswain: the audit has nothing about ${plainText(subject)}`);
  else print(explanationText(subject, records, paint));
}

function verdictText({ ok, records, from, to, findings }: AuditVerdict, paint: Paint): string {
  const which = records === 0 ? "the audit is empty" : `the audit has ${records} records, ${from} to ${to}`;
  if (ok) return `${which}: ${paint("green", "as they were written")}`;
  const lines = findings.map(({ what, text }) => `  ${paint("red", what.padEnd(8))} ${plainText(text)}`);
  return [`${which}: ${paint("red", "not as they were written")}`, ...lines].join("\n");
}
