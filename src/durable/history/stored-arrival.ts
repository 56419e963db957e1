import type { AnyEventObject } from "xstate";
import {
  decodeValue,
  encodeValue,
  fromWireError,
  isCoxswainError,
  toWireError,
} from "../../../protocols/index.ts";
import { pathOf, targetOf } from "../../xstate/actor-paths.ts";
import type { Arrival } from "../../xstate/turn-keeper.ts";
import type { Cut } from "./entry.ts";

/** What came from within an agent's tree, as data: actors are named by their paths. */
export type StoredArrival =
  | {
      readonly source?: string;
      readonly target: { readonly path: string } | { readonly data: unknown };
      readonly event: AnyEventObject;
    }
  /** Of a call under way: an event for whoever listens. */
  | { readonly emits: AnyEventObject }
  /** Something that leaves the machine as it is. */
  | { readonly effect: string };

/** Larger data are not kept, in bytes. */
const arrivalMaxBytes = 65_536;
const thrown = "$thrown";

export function storedArrival({ what }: Arrival): StoredArrival | Cut {
  if ("kind" in what) return what.kind === "emit" ? kept({ emits: what.event }) : { effect: what.kind };
  const source = what.source === undefined ? {} : { source: pathOf(what.source) };
  return kept({ ...source, target: targetOf(what.target), event: storedEvent(what.event) });
}

function kept(arrival: StoredArrival): StoredArrival | Cut {
  try {
    const bytes = encodeValue(arrival, { bytesMax: arrivalMaxBytes });
    // A copy: user code may change what it gave.
    return decodeValue(bytes) as StoredArrival;
  } catch (error) {
    return { cut: toWireError(error).message };
  }
}

/** An error is no plain data: its name, its message and its code are. */
function storedEvent(event: AnyEventObject): AnyEventObject {
  const stored: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) stored[key] = storedValue(value);
  return stored as AnyEventObject;
}

function storedValue(value: unknown): unknown {
  if (isCoxswainError(value)) return { [thrown]: "coxswain", ...plainly(toWireError(value)) };
  if (!(value instanceof Error)) return value;
  const { name, message } = value;
  const { code } = value as { readonly code?: unknown };
  const known = typeof code === "string" || typeof code === "number" ? { code } : {};
  return { [thrown]: "error", name, message, ...known };
}

/** Details are the user's own, and may be anything. */
function plainly({ code, message, details }: ReturnType<typeof toWireError>): object {
  if (details === undefined) return { code, message };
  const copied = kept({ emits: { type: "details", details } });
  return "cut" in copied ? { code, message } : { code, message, details };
}

export function revivedEvent(event: AnyEventObject): AnyEventObject {
  const revived: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) revived[key] = revivedValue(value);
  return revived as AnyEventObject;
}

function revivedValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !(thrown in value)) return value;
  const { [thrown]: kind, name, message, code } = value as Record<string, unknown>;
  if (kind === "coxswain") return fromWireError(value);
  return Object.assign(new Error(String(message)), { name }, code === undefined ? {} : { code });
}
