import { CoxswainError, type Protocol, quote } from "../../protocols/index.ts";

/** Which messages of an actor need a grant. */
export interface GrantRule {
  readonly types: ReadonlySet<string>;
}

export type GrantRuleInput = "required" | { readonly of: readonly string[] };

/** @throws OPTION_INVALID */
export function grantRuleOf(given: GrantRuleInput, { name, accepts }: Protocol): GrantRule {
  const known = Object.keys(accepts);
  if (given === "required") return { types: new Set(known) };
  const types = typeof given === "object" && given !== null ? given.of : undefined;
  if (!Array.isArray(types) || !types.every((type) => known.includes(type))) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected grant to be "required" or { of: [types of ${name}: ${known.join(", ")}] }, got ${quote(given)}`,
    );
  }
  return { types: new Set(types) };
}
