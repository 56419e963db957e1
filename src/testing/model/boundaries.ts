import type { AnyStateMachine } from "xstate";
import { partsOf } from "../../xstate/machine-parts.ts";

/** Values kept of one kind. */
const valuesMax = 60;

/** Values at which a decision may turn. */
export interface Boundaries {
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
}

/** The numbers, with their neighbours, and the texts that a machine's guards compare with: as far as their source shows them. */
export function boundariesOf(machine: AnyStateMachine): Boundaries {
  const numbers = new Set<number>();
  const texts = new Set<string>();
  for (const { kind, value } of partsOf(machine)) {
    if (kind !== "guard") continue;
    if (typeof value === "function") literalsOf(String(value), numbers, texts);
    else collect((value as { params?: unknown } | undefined)?.params, numbers, texts, 0);
  }
  return { numbers: neighbours(numbers), texts: [...texts].slice(0, valuesMax) };
}

/** The same of a machine's data at one moment. */
export function boundariesIn(context: unknown): Boundaries {
  const numbers = new Set<number>();
  const texts = new Set<string>();
  collect(context, numbers, texts, 0);
  return { numbers: neighbours(numbers), texts: [...texts].slice(0, valuesMax) };
}

function literalsOf(source: string, numbers: Set<number>, texts: Set<string>): void {
  const quoted = /"([^"\\\n]{0,80})"|'([^'\\\n]{0,80})'|`([^`\\$\n]{0,80})`/g;
  for (const [, double, single, template] of source.matchAll(quoted))
    texts.add(double ?? single ?? template ?? "");
  for (const [number] of source.matchAll(/(?<![\w.$])\d[\d_]*(?:\.\d+)?(?:e\d+)?/gi))
    numbers.add(Number(number.replaceAll("_", "")));
}

function collect(value: unknown, numbers: Set<number>, texts: Set<string>, depth: number): void {
  if (typeof value === "number" && Number.isFinite(value)) numbers.add(value);
  if (typeof value === "string" && value.length <= 80) texts.add(value);
  if (typeof value !== "object" || value === null || depth >= 4) return;
  for (const part of Object.values(value).slice(0, valuesMax)) collect(part, numbers, texts, depth + 1);
  if (Array.isArray(value)) numbers.add(value.length);
}

function neighbours(numbers: ReadonlySet<number>): number[] {
  const all = [...numbers].slice(0, valuesMax).flatMap((n) => [n, n - 1, n + 1, -n]);
  return [...new Set(all)];
}

/** A payload with one of its values put at a boundary, for each value and each boundary. */
export function* atBoundaries(payload: unknown, boundaries: Boundaries): Generator<unknown> {
  if (typeof payload === "number") yield* boundaries.numbers;
  else if (typeof payload === "string") yield* boundaries.texts;
  else if (typeof payload === "boolean") yield !payload;
  else if (Array.isArray(payload)) {
    yield [];
    for (const [n, part] of payload.entries())
      for (const other of atBoundaries(part, boundaries)) yield payload.with(n, other);
  } else if (typeof payload === "object" && payload !== null) {
    for (const [key, part] of Object.entries(payload))
      for (const other of atBoundaries(part, boundaries)) yield { ...payload, [key]: other };
  }
}
