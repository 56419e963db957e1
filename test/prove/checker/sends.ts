import type { ClientLine, EndLine, SentLine } from "../history/lines.ts";

/** A send and how it ended. */
export interface Send extends Omit<SentLine, "what"> {
  readonly outcome: EndLine["what"];
  readonly reply: unknown;
  /** Infinity where no end is known. */
  readonly endedAtMs: number;
}

/** Every send of a client's log. */
export function sendsOf(lines: readonly ClientLine[]): Send[] {
  const ends = new Map(lines.flatMap((line) => (line.what === "sent" ? [] : [[line.op, line] as const])));
  return lines.flatMap((line) => {
    if (line.what !== "sent") return [];
    const { what: _what, ...sent } = line;
    const end = ends.get(line.op);
    return [
      {
        ...sent,
        outcome: end?.what ?? "unknown",
        reply: end?.reply,
        endedAtMs: end?.atMs ?? Number.POSITIVE_INFINITY,
      },
    ];
  });
}

/** By some name of each. */
export function grouped<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
