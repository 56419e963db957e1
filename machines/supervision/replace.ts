import { type ChildSpec, CoxswainError } from "../../protocols/index.ts";
import { type Child, childOf, emptyRoster, inOrder, type Roster, withChange, withChild } from "./roster.ts";
import { flagsOf, specsOf } from "./specs.ts";
import { newChild, type SupervisorContext } from "./supervisor-context.ts";

/**
 * A new list of children, as on an upgrade. A spec of the same id replaces, while its child goes on as it is; a
 * new one is listed and not started; one that is missing is kept, after the others. Without flags, they stay.
 *
 * @throws SUPERVISOR_INVALID
 * Source: OTP supervisor, `code_change/3` and `update_childspec1/3`.
 */
export function replaced(context: SupervisorContext, written: unknown, children: unknown): SupervisorContext {
  const { self, template } = context;
  const flags = written === undefined ? context.flags : flagsOf(written);
  const simple = flags.strategy === "simple_one_for_one";
  if (simple !== (template !== undefined))
    invalid("bad_strategy", `Expected ${self} to stay ${context.flags.strategy}, got ${flags.strategy}`);
  const specs = specsOf(children, { self, ...flags });
  if (simple) return { ...context, flags, ...withTemplate(context.roster, specs[0] as ChildSpec) };
  return { ...context, flags, roster: replacedRoster(context.roster, specs) };
}

/** Those who run go on, and take what is new with their next start or their stop. */
function withTemplate(before: Roster, template: ChildSpec) {
  let roster = before;
  for (const child of inOrder(before)) roster = withChange(roster, { ...child, spec: template });
  return { template, roster };
}

function replacedRoster(before: Roster, specs: readonly ChildSpec[]): Roster {
  const ids = new Set(specs.map(({ id }) => id));
  const missing = Array.from(inOrder(before)).filter(({ spec }) => !ids.has(spec.id));
  const taken = new Set(missing.map(({ address }) => address));
  for (const { id, address } of specs)
    if (taken.has(address))
      invalid("duplicate_address", `Expected another address for ${id}, got ${address}`);
  const listed = specs.map((spec) => withSpec(childOf(before, spec.id), spec));
  return [...listed, ...missing].reduce(withChild, emptyRoster);
}

function withSpec(known: Child | undefined, spec: ChildSpec): Omit<Child, "place"> {
  if (known === undefined) return newChild(spec);
  if (known.address !== spec.address)
    invalid(
      "bad_address",
      `Expected ${spec.id} to keep its address ${known.address}, got ${spec.address}; delete it first`,
    );
  return { ...known, spec };
}

function invalid(fault: string, message: string): never {
  throw new CoxswainError("SUPERVISOR_INVALID", message, { details: { fault } });
}
