import { isCoxswainError } from "../../../protocols/index.ts";
import type { Durability } from "../../durable/durability.ts";
import { groupOf } from "../../durable/placement/shard-names.ts";
import { checkVersions, differencesOf } from "../../durable/versions/index.ts";
import type { CheckFinding } from "./finding.ts";
import { type Definitions, own, type Released, type ReleasedType } from "./released.ts";

/** What became of the durable types: whether agents that are stored will go on. */
export function compareTypes(before: Released, after: Released, definitions: Definitions): CheckFinding[] {
  const findings: CheckFinding[] = [];
  for (const [type, was] of Object.entries(before.types)) {
    const is = own(after.types, type);
    const durability = own(definitions, type)?.durability;
    if (is !== undefined && durability !== undefined)
      findings.push(...compareType(type, was, is, durability));
    else {
      const advice = "keep it until the last of its agents has ended; or release without it, with --write";
      findings.push({
        ...{ of: `type ${type}`, effect: "breaking", advice },
        says: "it is no durable type any more: nobody takes up its agents, nor what waits for them",
      });
    }
  }
  for (const [type, { version }] of Object.entries(after.types)) {
    if (own(before.types, type) === undefined)
      findings.push({ of: `type ${type}`, effect: "compatible", says: `it is new, with version ${version}` });
  }
  return findings;
}

function compareType(
  type: string,
  was: ReleasedType,
  is: ReleasedType,
  { migrations = {} }: Durability,
): CheckFinding[] {
  const of = `type ${type}`;
  const findings: CheckFinding[] = [];
  const breaking = (says: string, advice: string): void => {
    findings.push({ of, effect: "breaking", says, advice });
  };
  if (was.protocol !== is.protocol) {
    const advice = "its nodes would not start beside the released ones: give the type another name";
    breaking(`its protocol was ${was.protocol} and is ${is.protocol}`, advice);
  }
  if (groupOf(was.needs) !== groupOf(is.needs)) {
    const advice = "its agents lie in shards by what they need: give the type another name";
    breaking(`it needed ${labelsText(was.needs)} and needs ${labelsText(is.needs)}`, advice);
  }
  if (is.version < was.version) {
    const advice = `set its version to ${was.version} or more`;
    breaking(`its version was ${was.version} and is ${is.version}: no node takes what is stored`, advice);
    return findings;
  }
  try {
    checkVersions({ type, logic: undefined, version: is.version, migrations });
  } catch (error) {
    if (!isCoxswainError(error)) throw error;
    breaking(error.message, "a node with this definition does not start");
  }
  const missing = stepsBetween(was.version, is.version).filter((to) => !Object.hasOwn(migrations, to));
  for (const to of missing)
    breaking(`there is no migration from version ${to - 1} to ${to}`, `add migrations[${to}]`);
  const next = was.version + 1;
  const advice = `set its version to ${next}, and add migrations[${next}]`;
  for (const { effect, says } of differencesOf(was.outline, is.outline)) {
    if (effect === "compatible") findings.push({ of, effect, says });
    else if (is.version === was.version) breaking(says, advice);
    else
      findings.push({ of, effect: "settled", says, advice: `migrations to version ${is.version} see to it` });
  }
  return findings;
}

function stepsBetween(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + 1 + i);
}

function labelsText(needs: readonly string[]): string {
  return needs.length === 0 ? "nothing" : needs.join(", ");
}
