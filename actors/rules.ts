import { authority } from "../machines/index.ts";
import { actorAddress, isCoxswainError, type ReplyOf, type RuleSet, rules } from "../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor } from "../src/index.ts";

/** Books of rules, `rules.<name>`: a node that hosts them has `actors: { rules: ruleBook }`. */
export const ruleBook: ActorDefinition<typeof rules> = defineActor({
  protocol: rules,
  machine: authority.ruleBookMachine,
  durability: "durable",
});

/**
 * Puts a rule set in force under its name, in place of the one that is (`expected`: of that version alone). Decisions that
 * begin from then on are made by it.
 *
 * Rejects with REFUSED where another has replaced that one meanwhile, or the rule set does not hold; and as any `ask` does.
 */
export async function putRules(
  system: ActorSystem,
  ruleSet: RuleSet,
  options: { readonly expected?: number } = {},
): Promise<ReplyOf<typeof rules, "replace">> {
  const book = system.ref(actorAddress(`rules.${ruleSet.name}`), rules);
  const expected = options.expected ?? (await versionInForce(system, ruleSet.name));
  return book.ask({ type: "replace", expected, ruleSet });
}

/** The rule set in force under a name. Rejects with REFUSED where there is none, and as any `ask` does. */
export function readRules(system: ActorSystem, name: string): Promise<ReplyOf<typeof rules, "read">> {
  return system.ref(actorAddress(`rules.${name}`), rules).ask({ type: "read" });
}

/** 0 where none is. */
async function versionInForce(system: ActorSystem, name: string): Promise<number> {
  try {
    return (await readRules(system, name)).version;
  } catch (error) {
    if (isCoxswainError(error, "REFUSED")) return 0;
    throw error;
  }
}
