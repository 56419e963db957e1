import type { AnyStateMachine } from "xstate";
export function checkMachine(
  _machine: AnyStateMachine,
  _protocol?: { accepts: readonly string[]; emits?: readonly string[] },
): string[] {
  return [];
}
