import { createHash } from "node:crypto";
import type { AnyActorLogic } from "xstate";
import { type Outline, outlineOf } from "./outline.ts";

const fingerprints = new WeakMap<AnyActorLogic, string>();

/**
 * Names what a stored snapshot of this logic depends on: 16 hexadecimal digits of its {@link outlineOf}, the same in
 * every process; `reducer` for a plain reducer, `transition` and `call` for logic without states. What actions,
 * guards and reducers do is not in it.
 */
export function fingerprintOf(logic: AnyActorLogic | undefined): string {
  if (logic === undefined) return "reducer";
  let fingerprint = fingerprints.get(logic);
  if (fingerprint === undefined) {
    fingerprint = fingerprintOfOutline(outlineOf(logic));
    fingerprints.set(logic, fingerprint);
  }
  return fingerprint;
}

/** Of an outline that was kept, in whatever order its keys came back. */
export function fingerprintOfOutline(outline: Outline): string {
  if (outline.kind !== "machine") return outline.kind;
  return createHash("sha256").update(canonical(outline)).digest("hex").slice(0, 16);
}

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
