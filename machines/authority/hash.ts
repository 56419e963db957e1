import type { RuleSet } from "../../protocols/index.ts";
import { sha256 } from "./sha256.ts";

/** Plain data as text, alike for equal data: keys in order, no spaces. Source: RFC 8785, for what JSON can say. */
export function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const entries = Object.entries(value).filter(([, within]) => within !== undefined);
  const parts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, within]) => `${JSON.stringify(key)}:${canonicalText(within)}`);
  return `{${parts.join(",")}}`;
}

/** What a rule set is known by: equal sets have one hash, on whatever node. */
export function hashOf(set: RuleSet): string {
  return sha256(canonicalText(set));
}
