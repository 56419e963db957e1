import { existsSync } from "node:fs";
import type { ActorDefinition } from "../actor.ts";
import type { Durability } from "../durable/durability.ts";
import type { DryRun } from "../durable/versions/index.ts";
import { compareProtocols } from "./check/compare-protocols.ts";
import { compareTypes } from "./check/compare-types.ts";
import { dryRunType } from "./check/dry-run-type.ts";
import type { CheckFinding } from "./check/finding.ts";
import { type Definitions, readReleased, releasedOf, writeReleased } from "./check/released.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { loadDefinitions } from "./load-definitions.ts";
import { type Paint, paintFor, plainText, print, toJson } from "./output.ts";

const releasedDefault = "coxswain.released.json";
const sampleDefault = 1_000;

export const check: Command = {
  name: "check",
  summary: "compare machines and protocols with those that were released",
  usage: "check <module> [options]",
  says: `Loads a module that exports actor definitions by name (as "actors", or as its default export), and compares
its durable machines and its protocols with the released ones, which are kept in a file beside your code:
what stored agents, or whoever speaks the released protocols, would not get on with is breaking, unless
a version and a migration, or another major of the protocol, say so. With --servers or --sample also tries
the migrations on stored agents, and keeps nothing. "--write" makes what the module has the released
state: for the release itself, after a check. Ends with 1 where something is breaking: for CI.`,
  example:
    "coxswain check dist/actors.js\ncoxswain check dist/actors.js --servers nats://prod:4222 --sample 5000\ncoxswain check dist/actors.js --write",
  options: {
    released: { type: "string", value: "FILE", says: `The released state; default ${releasedDefault}` },
    write: { type: "boolean", says: "Show what is different, and write the released state" },
    sample: {
      type: "string",
      value: "N",
      says: "Try migrations on N stored agents of each type, the longest untouched first; default 1,000",
    },
    ...systemOptions,
    json: { type: "boolean", says: "One JSON document" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const [module] = given.positionals;
    if (module === undefined) throw new UsageError('Expected a module: "coxswain check <module>"');
    const definitions = await loadDefinitions(module);
    const file = given.text("released") ?? releasedDefault;
    const sampleMax = given.count("sample", sampleDefault, { min: 1, max: 10_000_000 });
    const after = releasedOf(definitions);
    const isFirst = given.flag("write") && !existsSync(file);
    const before = isFirst ? releasedOf({}) : await readReleased(file);
    const findings = [...compareTypes(before, after, definitions), ...compareProtocols(before, after)];
    const asked = given.text("servers") !== undefined || given.text("sample") !== undefined;
    const dryRuns = asked ? await dryRunsOf(given, definitions, sampleMax) : [];
    if (given.flag("json")) print(toJson({ findings, dryRuns }, 2));
    else print(checkText(findings, dryRuns, paintFor(process.stdout)));
    if (given.flag("write")) {
      await writeReleased(file, after);
      return exitCodes.ok;
    }
    const isBroken =
      findings.some(({ effect }) => effect === "breaking") ||
      dryRuns.some(({ refusals }) => refusals.length > 0);
    return isBroken ? exitCodes.failed : exitCodes.ok;
  },
};

async function dryRunsOf(
  given: Given,
  definitions: Definitions,
  sampleMax: number,
): Promise<readonly DryRun[]> {
  await using client = await openSystem(given);
  const store = await client.durableStore();
  const runs: DryRun[] = [];
  for (const [type, definition] of Object.entries(definitions)) {
    if (store === undefined || definition.durability === undefined || !store.placement.types.has(type))
      continue;
    const durable = definition as ActorDefinition & { readonly durability: Durability };
    runs.push(await dryRunType(store, type, durable, sampleMax));
  }
  return runs;
}

const marks = { breaking: "✗", settled: "·", compatible: "✓" } as const;
const styles = { breaking: "red", settled: "yellow", compatible: "green" } as const;

/** What `check` prints. */
export function checkText(
  findings: readonly CheckFinding[],
  dryRuns: readonly DryRun[],
  paint: Paint,
): string {
  const lines: string[] = [];
  for (const of of new Set(findings.map((finding) => finding.of))) {
    lines.push(paint("bold", plainText(of)));
    const own = findings.filter((finding) => finding.of === of);
    for (const { effect, says, advice } of own) {
      lines.push(`  ${paint(styles[effect], `${marks[effect]} ${effect.padEnd(10)}`)}  ${plainText(says)}`);
      if (advice !== undefined) lines.push(`    → ${plainText(advice)}`);
    }
  }
  for (const { type, version, sampled, asTheyAre, migrated, refusals } of dryRuns) {
    const refused = refusals.reduce((sum, { count }) => sum + count, 0);
    lines.push(
      `${paint("bold", `agents of ${plainText(type)}`)}  ${sampled} tried with version ${version}: ${asTheyAre} as they are, ${migrated} migrated, ${refused} refused`,
    );
    for (const { count, says, example } of refusals)
      lines.push(`  ${paint("red", `✗ ${count}`)}  ${plainText(says)}, as ${plainText(example.key)}`);
  }
  const broken = findings.filter(({ effect }) => effect === "breaking").length;
  const refusing = dryRuns.filter(({ refusals }) => refusals.length > 0).length;
  if (findings.length === 0) lines.push("Nothing is different from what was released.");
  if (broken + refusing > 0) lines.push("", `Breaking: ${broken} changes, agents of ${refusing} types.`);
  return lines.join("\n");
}
