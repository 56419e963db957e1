import { type AuthorityLevel, quote } from "../../protocols/index.ts";

/** Something wrong with a rule set: where, as keys from its root, and what. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly says: string;
}

/** Levels of authority as a partial order: two of them may stand in none. */
export interface AuthorityOrder {
  has(level: string): boolean;
  /** Whether `level` is `other`, or somewhere below it. */
  isWithin(level: string, other: string): boolean;
  /** What a level may do: its own operations and those of all below it, in alphabetical order. */
  operationsOf(level: string): readonly string[];
  may(level: string, operation: string): boolean;
}

type Levels = Readonly<Record<string, AuthorityLevel>>;

export function authorityOrder(levels: Levels): AuthorityOrder {
  const within = new Map(Object.keys(levels).map((level) => [level, withAllBelow(levels, level)]));
  const operations = new Map(
    [...within].map(([level, all]) => [
      level,
      [...new Set([...all].flatMap((at) => levels[at]?.may ?? []))].sort(),
    ]),
  );
  return {
    has: (level) => within.has(level),
    isWithin: (level, other) => within.get(other)?.has(level) ?? false,
    operationsOf: (level) => operations.get(level) ?? [],
    may: (level, operation) => operations.get(level)?.includes(operation) ?? false,
  };
}

/** What keeps levels from being an order: unknown names, and levels that stand above themselves. */
export function problemsOfLevels(levels: Levels, operations: Readonly<Record<string, unknown>>): Problem[] {
  return Object.entries(levels).flatMap(([name, { over, may }]) => {
    const path = ["levels", name];
    const lacking = over.flatMap((below, index) =>
      Object.hasOwn(levels, below)
        ? []
        : [{ path: [...path, "over", index], says: `unknown level ${quote(below)}` }],
    );
    const unheard = may.flatMap((operation, index) =>
      Object.hasOwn(operations, operation)
        ? []
        : [{ path: [...path, "may", index], says: `unknown operation ${quote(operation)}` }],
    );
    const circular = over.some((below) => withAllBelow(levels, below).has(name))
      ? [{ path: [...path, "over"], says: `${name} stands above itself` }]
      : [];
    return [...lacking, ...unheard, ...circular];
  });
}

function withAllBelow(levels: Levels, level: string): Set<string> {
  const seen = new Set<string>();
  const open = Object.hasOwn(levels, level) ? [level] : [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next) || !Object.hasOwn(levels, next)) continue;
    seen.add(next);
    open.push(...(levels[next]?.over ?? []));
  }
  return seen;
}
