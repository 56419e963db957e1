import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyActorLogic, AnyStateMachine } from "xstate";
import { quote, toWireError, validate } from "../../../protocols/index.ts";
import { isMachine } from "../../xstate/internals.ts";
import { copied, type Issue } from "./issue.ts";
import { kindOf, logicOf } from "./logic-of.ts";
import { isRecord } from "./persisted.ts";
import { checkHistory, checkValue } from "./state-value.ts";

const statuses: ReadonlySet<unknown> = new Set(["active", "done", "error", "stopped"]);

/**
 * What is wrong with a stored snapshot of this logic, before XState restores it: XState takes nearly anything, and
 * drops or fills in what it does not know (F110). Its children are checked as the machine itself.
 *
 * @param logic undefined for a plain reducer, whose snapshot is its state
 * @param context what a machine's context, or a reducer's state, must fit
 * @returns nothing where it may be restored
 * @throws MACHINE_INVALID for a machine of another copy of XState
 */
export function checkSnapshot(
  logic: AnyActorLogic | undefined,
  snapshot: unknown,
  context?: StandardSchemaV1,
): readonly Issue[] {
  const issues: Issue[] = [];
  if (logic === undefined) checkData(snapshot, "state", context, issues);
  else {
    const status = isRecord(snapshot) ? snapshot.status : undefined;
    if (status !== "active") {
      issues.push({ path: "status", says: `Expected the status "active", got ${quote(status)}` });
    }
    checkLogic(logic, snapshot, "", context, issues);
  }
  return issues;
}

function checkLogic(
  logic: AnyActorLogic,
  snapshot: unknown,
  path: string,
  context: StandardSchemaV1 | undefined,
  issues: Issue[],
): void {
  if (!isRecord(snapshot) || !statuses.has(snapshot.status)) {
    issues.push({ path: path.slice(0, -1), says: `Expected a snapshot, got ${quote(snapshot)}` });
  } else if (isMachine(logic)) {
    checkValue(logic.root, snapshot.value, `${path}value`, issues);
    checkHistory(logic, snapshot.historyValue ?? {}, `${path}historyValue`, issues);
    checkChildren(logic, snapshot.children, path, issues);
    checkContext(snapshot.context, `${path}context`, context, issues);
  } else if (kindOf(logic) === "transition") checkData(snapshot.context, `${path}context`, context, issues);
}

function checkChildren(machine: AnyStateMachine, children: unknown, path: string, issues: Issue[]): void {
  if (!isRecord(children)) {
    issues.push({ path: `${path}children`, says: `Expected children by their ids, got ${quote(children)}` });
    return;
  }
  for (const id of Object.keys(children)) {
    const child = children[id];
    const at = `${path}children.${id}`;
    const src = isRecord(child) ? child.src : undefined;
    const logic = typeof src === "string" ? logicOf(machine, src) : undefined;
    if (logic === undefined) {
      issues.push({
        path: at,
        says: `Expected a child of a known src, got ${quote(src)}, which would be dropped`,
      });
    } else
      checkLogic(logic, (child as { snapshot?: unknown }).snapshot, `${at}.snapshot.`, undefined, issues);
  }
}

function checkContext(
  value: unknown,
  path: string,
  schema: StandardSchemaV1 | undefined,
  issues: Issue[],
): void {
  if (isRecord(value)) checkData(value, path, schema, issues);
  else issues.push({ path, says: `Expected the context of a machine, got ${quote(value)}` });
}

function checkData(
  value: unknown,
  path: string,
  schema: StandardSchemaV1 | undefined,
  issues: Issue[],
): void {
  const copy = copied(value, path);
  if (!copy.ok) issues.push(copy.issue);
  else if (schema !== undefined) {
    const says = misfitOf(schema, copy.value);
    if (says !== undefined) issues.push({ path, says });
  }
}

function misfitOf(schema: StandardSchemaV1, value: unknown): string | undefined {
  try {
    const result = validate(schema, value);
    return result.ok ? undefined : result.issues;
  } catch (error) {
    return `Its schema threw ${toWireError(error).message}`;
  }
}
