import { type ActorAddress, type Budget, type GrantTerms, quote } from "../../protocols/index.ts";

export const budgetUnits = ["timeMs", "tokens", "moneyMicros"] as const;

/** Whether an address is one of these, or below one of them. */
export function reaches(audience: readonly ActorAddress[], address: ActorAddress): boolean {
  return audience.some((each) => address === each || address.startsWith(`${each}.`));
}

/** Whether an operation, `protocol.type` or `protocol.*`, is one of these or among them. */
export function permits(operations: readonly string[], operation: string): boolean {
  return operations.some(
    (each) => each === operation || (each.endsWith(".*") && operation.startsWith(each.slice(0, -1))),
  );
}

/** What is wider in a child's terms than in its parent's, each in a few words; empty where the child is within its parent. */
export function wider(parent: GrantTerms, child: GrantTerms): string[] {
  const found: string[] = [];
  if (child.holder !== parent.holder && !reaches(parent.audience, child.holder))
    found.push(`holder (${child.holder} neither holds it nor may be asked under it)`);
  const beyond = child.audience.filter((address) => !reaches(parent.audience, address));
  if (beyond.length > 0) found.push(`audience (${few(beyond)})`);
  const unheard = child.operations.filter((operation) => !permits(parent.operations, operation));
  if (unheard.length > 0) found.push(`operations (${few(unheard)})`);
  const unowned = child.tools.filter((tool) => !parent.tools.includes(tool));
  if (unowned.length > 0) found.push(`tools (${few(unowned)})`);
  for (const unit of budgetUnits) {
    const [asked, most] = [child.budget[unit], parent.budget[unit]];
    if (asked !== undefined && most !== undefined && asked > most)
      found.push(`budget.${unit} (${asked} of ${most})`);
  }
  if (child.depth >= parent.depth) found.push(`depth (${child.depth}, under one of ${parent.depth})`);
  if (child.untilMs > parent.untilMs) found.push(`untilMs (${child.untilMs}, after ${parent.untilMs})`);
  return found;
}

function few(all: readonly string[]): string {
  const more = all.length > 3 ? ` and ${all.length - 3} more` : "";
  return all.slice(0, 3).map(quote).join(", ") + more;
}

/** What is left of a bound; undefined where there is none. */
export function lessOf(a: Budget, b: Budget): Budget {
  const least: Budget = {};
  for (const unit of budgetUnits) {
    const bounds = [a[unit], b[unit]].filter((bound) => bound !== undefined);
    if (bounds.length > 0) least[unit] = Math.min(...bounds);
  }
  return least;
}
