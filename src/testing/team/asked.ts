import type { AnyActorLogic } from "xstate";
import { type AskLimits, asks, type CallHost, hostKey } from "../../../machines/index.ts";
import { CoxswainError, type Protocol } from "../../../protocols/index.ts";

/** What a machine's child asks. */
export interface Asked {
  readonly protocol: Protocol;
  readonly to: string;
  readonly message: { readonly type: string };
  readonly limits: AskLimits;
}

type Creator = (scope: object) => Promise<unknown>;
const creatorOf = (logic: unknown): Creator | undefined => (logic as { config?: Creator }).config;

export function isAsking(logic: AnyActorLogic): boolean {
  return asks in logic;
}

/** The question of logic made by `asking`: it is run against a runtime that only listens. */
export function askedBy(logic: AnyActorLogic, input: unknown): Asked {
  let asked: Asked | undefined;
  const { signal } = new AbortController();
  const ask = (
    _cause: unknown,
    protocol: Protocol,
    to: string,
    message: Asked["message"],
    limits: AskLimits,
  ) => {
    asked = { protocol, to, message, limits };
    return new Promise<never>(() => {});
  };
  const host = { callContext: () => ({ signal, key: "", cause: undefined, cell: { ask } }) };
  const system = { [hostKey]: host as unknown as CallHost };
  creatorOf(logic)?.({ input, signal, self: {}, system, emit: () => {} }).catch(() => {});
  if (asked === undefined) {
    throw new CoxswainError(
      "MACHINE_INVALID",
      `Expected a question as the input of asking: { to, with }, got ${JSON.stringify(input)}`,
    );
  }
  return asked;
}
