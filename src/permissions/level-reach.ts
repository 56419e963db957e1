import { authority } from "../../machines/index.ts";
import { CoxswainError, quote, type RuleSet } from "../../protocols/index.ts";

/** Of a rule set, what permissions are made from: its levels, and the messages that their operations stand for. */
export type LevelRules = Pick<RuleSet, "levels" | "operations">;

const preset: LevelRules = { levels: authority.presetLevels, operations: authority.presetOperations };

/**
 * The names that a level's operations are messages to, as far as they are hosted: those of a protocol go to the durable type of its
 * name, `delegation.delegate` to `delegation`. Default: the levels of the preset.
 */
export class LevelReach {
  readonly #rules: LevelRules;
  readonly #order: authority.AuthorityOrder;

  constructor(rules: LevelRules = preset) {
    this.#rules = rules;
    this.#order = authority.authorityOrder(rules.levels);
  }

  /** @throws OPTION_INVALID for an unknown level, or where a node is to send to what its level does not allow */
  of(node: string, level: string, sends: readonly string[]): readonly string[] {
    const known = Object.keys(this.#rules.levels);
    if (!this.#order.has(level))
      throw invalid(`Expected the level of ${node} among ${known.join(", ")}, got ${quote(level)}`);
    const may = this.#names(level);
    const governed = new Set(known.flatMap((each) => [...this.#names(each)]));
    const tooMuch = sends.find((to) => governed.has(to) && !may.has(to));
    if (tooMuch === undefined) return [...may];
    throw invalid(
      `Expected ${node} not to send to ${quote(tooMuch)}, which its level ${level} does not allow`,
    );
  }

  #names(level: string): ReadonlySet<string> {
    const messages = this.#order.operationsOf(level).flatMap((name) => this.#rules.operations[name] ?? []);
    return new Set(messages.map((message) => message.split(".")[0] as string));
  }
}

function invalid(message: string): CoxswainError {
  return new CoxswainError("OPTION_INVALID", message);
}
