import type { ResourceName } from "../../protocols/index.ts";

/** What a quantity measures, in its canonical unit: milliseconds, bytes, a share of 1, cores, Mbit/s, or nothing. */
export type Dimension = "duration" | "bytes" | "ratio" | "cores" | "rate" | "number";

export interface Quantity {
  readonly value: number;
  readonly dimension: Dimension;
}

/** By unit, in small letters: what it measures, and how many of the canonical unit it is. Sizes are decimal, with an i binary. */
const units = new Map<string, readonly [Dimension, number]>([
  ...each("duration", 1, "ms", "millisecond", "milliseconds"),
  ...each("duration", 1_000, "s", "sec", "second", "seconds"),
  ...each("duration", 60_000, "min", "minute", "minutes"),
  ...each("duration", 3_600_000, "h", "hour", "hours"),
  ...each("duration", 86_400_000, "d", "day", "days"),
  ...each("duration", 604_800_000, "week", "weeks"),
  ...each("bytes", 1, "b", "byte", "bytes"),
  ...["kb", "mb", "gb", "tb"].flatMap((unit, i) => each("bytes", 1_000 ** (i + 1), unit)),
  ...["kib", "mib", "gib", "tib"].flatMap((unit, i) => each("bytes", 1_024 ** (i + 1), unit)),
  ...each("ratio", 0.01, "%", "percent"),
  ...each("cores", 1, "core", "cores"),
  ...each("rate", 0.001, "kbps", "kbit/s"),
  ...each("rate", 1, "mbps", "mbit/s"),
  ...each("rate", 1_000, "gbps", "gbit/s"),
]);

const written = /^([+-]?(?:\d{1,32}(?:\.\d{0,32})?|\.\d{1,32})(?:e[+-]?\d{1,3})?)[ _]?([a-z%][a-z/]*)?$/i;

/** What a text such as `24_hours`, `0.1_percent`, `200 GB` or `0.8` measures. A text that begins otherwise: undefined. */
export function quantityOf(text: string): Quantity | { readonly problem: string } | undefined {
  const [, digits, unit] = written.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  if (!Number.isFinite(number)) return { problem: `expected a finite number, got "${text}"` };
  if (unit === undefined) return { value: number, dimension: "number" };
  const known = units.get(unit.toLowerCase());
  if (known === undefined) return { problem: `unknown unit "${unit}"` };
  const [dimension, size] = known;
  // Dividing gives 57 % as 0.57, which 57 * 0.01 is not.
  return { dimension, value: size < 1 ? number / Math.round(1 / size) : number * size };
}

const resources: Readonly<Record<ResourceName, { dimension: Dimension; size: number; unit: string }>> = {
  cpu: { dimension: "cores", size: 1, unit: "cores" },
  memory: { dimension: "bytes", size: 1e9, unit: "GB" },
  storage: { dimension: "bytes", size: 1e9, unit: "GB" },
  bandwidth: { dimension: "rate", size: 1, unit: "Mbit/s" },
  time: { dimension: "duration", size: 1, unit: "ms" },
};

export function resourceUnit(resource: ResourceName): string {
  return resources[resource].unit;
}

/** An amount in words: `500 GB`, `2 h`. */
export function amountText(resource: ResourceName, amount: number): string {
  return resource === "time" ? durationText(amount) : `${amount} ${resourceUnit(resource)}`;
}

/** An amount of a resource in its canonical unit, from a number of that, or a text with a unit of its kind. */
export function resourceAmountOf(
  resource: ResourceName,
  amount: number | string,
): number | { readonly problem: string } {
  const { dimension, size, unit } = resources[resource];
  const quantity = typeof amount === "number" ? { value: amount, dimension: "number" } : quantityOf(amount);
  if (quantity === undefined) return { problem: `expected an amount such as "20_${unit}", got "${amount}"` };
  if ("problem" in quantity) return quantity;
  if (quantity.dimension !== dimension && quantity.dimension !== "number")
    return { problem: `"${amount}" is no amount of ${resource}, which is counted in ${unit}` };
  const value = quantity.dimension === "number" ? quantity.value : quantity.value / size;
  return value >= 0 && Number.isFinite(value) ? value : { problem: `expected no less than 0, got ${amount}` };
}

/** A value in words, such as `24 h 1 s`, as whoever wrote the condition would. */
export function quantityText({ value, dimension }: Quantity): string {
  if (dimension === "duration") return durationText(value);
  if (dimension === "bytes") return `${value} bytes`;
  if (dimension === "ratio") return `${value}`;
  if (dimension === "cores") return `${value} cores`;
  return dimension === "rate" ? `${value} Mbit/s` : `${value}`;
}

export function durationText(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  const parts: string[] = [];
  let left = Math.abs(ms);
  for (const [unit, size] of [["h", 3_600_000] as const, ["min", 60_000] as const, ["s", 1_000] as const]) {
    const whole = Math.floor(left / size);
    if (whole > 0) parts.push(`${whole} ${unit}`);
    left -= whole * size;
  }
  if (left > 0 || parts.length === 0) parts.push(`${left} ms`);
  return `${ms < 0 ? "-" : ""}${parts.join(" ")}`;
}

function each(
  dimension: Dimension,
  size: number,
  ...names: readonly string[]
): (readonly [string, readonly [Dimension, number]])[] {
  return names.map((name) => [name, [dimension, size]]);
}
