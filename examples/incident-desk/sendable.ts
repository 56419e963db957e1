import { copyPlain } from "coxswain/protocols";
import { wellFormed } from "./text.ts";

/** What a message may hold: bytes, and values with their keys. */
export interface Room {
  readonly bytesMax: number;
  readonly valuesMax: number;
}

/**
 * Facts as they fit into a message: long tables keep their heaviest rows, and what was cut is added to the table's
 * `others`. Facts that fit are only freed of what no message may carry: halves of characters, and some keys.
 *
 * @throws where even tables of 5 rows are too much
 */
export function sendable<F>(facts: F, room: Room): F {
  for (const rowsMax of [Number.POSITIVE_INFINITY, 300, 150, 75, 40, 20, 10, 5]) {
    const short = shortened(facts, rowsMax);
    if (fits(short, room)) return short as F;
  }
  throw new Error(`Expected facts of at most ${room.bytesMax} bytes, got more`);
}

function fits(value: unknown, { bytesMax, valuesMax }: Room): boolean {
  try {
    copyPlain(value, { bytesMax, nodesMax: valuesMax });
    return true;
  } catch (error) {
    if (error instanceof Error && /^Expected at most .* (?:bytes|values), got/.test(error.message))
      return false;
    throw error;
  }
}

interface Others {
  readonly count: number;
  readonly rows?: number;
  readonly groups?: number;
}

/** Lists where every item counts: series, and executions that more entries may join. */
const uncut = new Set(["bins", "buckets", "open"]);

function shortened(value: unknown, rowsMax: number, name = ""): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = uncut.has(name) ? value : value.slice(0, rowsMax);
    return items.map((item) => shortened(item, rowsMax));
  }
  const members = Object.entries(value).map(([key, member]) => [
    safeKey(key),
    shortened(member, rowsMax, key),
  ]);
  const { rows, templates, others } = value as { rows?: unknown; templates?: unknown; others?: Others };
  if (others !== undefined && Array.isArray(rows))
    members.push(["others", withCut(others, "rows", rows.slice(rowsMax))]);
  if (others !== undefined && Array.isArray(templates))
    members.push(["others", withCut(others, "groups", templates.slice(rowsMax))]);
  return Object.fromEntries(members);
}

function withCut(others: Others, name: "rows" | "groups", cut: readonly { count: number }[]): Others {
  const count = cut.reduce((sum, row) => sum + row.count, others.count);
  return { ...others, [name]: (others[name] ?? 0) + cut.length, count };
}

/** A log may name a level or a status as it likes, even as something that would reach a prototype. */
function safeKey(key: string): string {
  return /^(?:__proto__|constructor|prototype)$/.test(key) ? `"${key}"` : wellFormed(key);
}
