import type { StateValue } from "xstate";

/** A machine's snapshot as XState stores it. */
export interface PersistedMachine {
  readonly status: "active" | "done" | "error" | "stopped";
  readonly output?: unknown;
  readonly error?: unknown;
  readonly value: StateValue;
  /** By the id of the history, the states it remembers. */
  readonly historyValue: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly context: Readonly<Record<string, unknown>>;
  readonly children: Readonly<Record<string, PersistedChild>>;
}

export interface PersistedChild {
  readonly src: string;
  readonly snapshot: unknown;
  readonly systemId?: string | undefined;
  readonly syncSnapshot?: boolean | undefined;
}

/** An object of string keys. What a store gives back may be anything. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
