import { readFile } from "node:fs/promises";
import { authority } from "../../machines/index.ts";
import {
  actorAddress,
  isCoxswainError,
  type RuleSet,
  rules as rulesProtocol,
} from "../../protocols/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { type Paint, paintFor, plainText, print, toJson } from "./output.ts";

export const rules: Command = {
  name: "rules",
  summary: "check a file of delegation rules, or put it in force",
  usage: "rules <file> [options]",
  says: `Reads a rule set in YAML or JSON and shows it; what does not hold in it is said with file, line and column, and
ends with 1. With --load it replaces the one that is in force under its name, at once and for all nodes: the next
decision is made by it. With --expected only if that is still the version in force.`,
  example:
    "coxswain rules rules.yaml\ncoxswain rules rules.yaml --load\ncoxswain rules rules.yaml --load --expected 3",
  options: {
    load: { type: "boolean", says: "Put it in force" },
    expected: {
      type: "string",
      value: "N",
      says: "The version it replaces, 0 for none; default the one in force",
    },
    ...systemOptions,
    json: { type: "boolean", says: "One JSON document" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const [file] = given.positionals;
    if (file === undefined) throw new UsageError('Expected a file: "coxswain rules <file>"');
    const ruleSet = await read(file);
    const hash = authority.hashOf(ruleSet);
    const version = given.flag("load") ? await load(given, ruleSet) : undefined;
    if (given.flag("json"))
      print(toJson({ hash, ...(version === undefined ? {} : { version }), ruleSet }, 2));
    else print(rulesText(ruleSet, hash, version, paintFor(process.stdout)));
    return exitCodes.ok;
  },
};

async function read(file: string): Promise<RuleSet> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new CommandFailure(plainText(error instanceof Error ? error.message : String(error)));
  });
  try {
    return await authority.loadRules(text, file);
  } catch (error) {
    if (!isCoxswainError(error, "OPTION_INVALID")) throw error;
    throw new CommandFailure(`the rules do not hold\n${error.message.split("\n").map(plainText).join("\n")}`);
  }
}

/** @returns the version it has */
async function load(given: Given, ruleSet: RuleSet): Promise<number> {
  const expected =
    given.text("expected") === undefined
      ? undefined
      : given.count("expected", 0, { min: 0, max: Number.MAX_SAFE_INTEGER });
  await using client = await openSystem(given);
  // To who is not there, a question would wait until somebody hosts the book.
  const store = await client.durableStore();
  if (store?.placement.types.has("rules") !== true)
    throw new CommandFailure(`System ${client.system} has no book of rules`);
  const book = client.ref(actorAddress(`rules.${ruleSet.name}`), rulesProtocol);
  try {
    const replaced = expected ?? (await versionInForce(() => book.ask({ type: "read" })));
    return (await book.ask({ type: "replace", expected: replaced, ruleSet })).version;
  } catch (error) {
    if (isCoxswainError(error, "REFUSED")) throw new CommandFailure(plainText(error.message));
    throw error;
  }
}

async function versionInForce(ask: () => Promise<{ readonly version: number }>): Promise<number> {
  try {
    return (await ask()).version;
  } catch (error) {
    if (isCoxswainError(error, "REFUSED")) return 0;
    throw error;
  }
}

/** What `rules` prints. */
export function rulesText(set: RuleSet, hash: string, version: number | undefined, paint: Paint): string {
  const state = version === undefined ? "holds" : `is in force, version ${version}`;
  const lines = [`${paint("bold", plainText(set.name))}  ${state}  ${paint("dim", hash.slice(0, 12))}`];
  for (const rule of set.rules) {
    lines.push(`  ${paint("bold", plainText(rule.name))}  ${plainText(rule.from)} → ${plainText(rule.to)}`);
    const conditions = Object.entries(rule.conditions).map(([name, is]) => `${name} ${is}`);
    if (rule.cel !== undefined) conditions.push(rule.cel);
    const limits = Object.entries(rule.limits).map(
      ([name, most]) => `${name} ${authority.amountText(name as keyof typeof rule.limits, most)}`,
    );
    lines.push(`    ${paint("dim", `tasks    ${plainText(rule.tasks.join(", "))}`)}`);
    if (conditions.length > 0)
      lines.push(`    ${paint("dim", `if       ${plainText(conditions.join("; "))}`)}`);
    if (limits.length > 0) lines.push(`    ${paint("dim", `limits   ${plainText(limits.join(", "))}`)}`);
    if (rule.approvalRequired) lines.push(`    ${paint("dim", "approval required")}`);
    const path = rule.escalationPath.length > 0 ? rule.escalationPath : set.escalationPath;
    lines.push(`    ${paint("dim", `asks     ${plainText(path.join(", then "))}`)}`);
  }
  return lines.join("\n");
}
