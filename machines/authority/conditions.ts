import { type Fact, type Facts, quote } from "../../protocols/index.ts";
import { type Quantity, quantityOf, quantityText } from "./units.ts";

export type Comparison = "<" | "<=" | "==" | "!=" | ">=" | ">";

/** A condition, understood once: what one fact must be. Plain data; `text` is how it was written. */
export type Predicate =
  | { readonly kind: "quantity"; readonly is: Comparison; readonly than: Quantity; readonly text: string }
  | { readonly kind: "text"; readonly is: "==" | "!="; readonly than: string; readonly text: string }
  | { readonly kind: "truth"; readonly is: "==" | "!="; readonly than: boolean; readonly text: string };

export type ParsedCondition =
  | { readonly ok: true; readonly predicate: Predicate }
  | { readonly ok: false; readonly problem: string };

const lengthMax = 200;
const operator = /^(<=|>=|==|!=|<|>|=)\s*/;
const inQuotes = /^(?:"([^"]*)"|'([^']*)')$/;
const word = /^[\p{L}_][\p{L}\p{N}_ .:/-]*$/u;

/**
 * Understands a condition: a number or truth itself, or a text: a comparison (`>=`, `<`, `!=`, …; none means equal) and
 * what to compare with: a number with or without a unit (`0.8`, `24_hours`, `5 %`), `true`, `false`, a word, or a text in
 * quotes. There is nothing else in the language, so that nothing can be run by it: it never throws.
 */
export function parseCondition(raw: Fact): ParsedCondition {
  if (typeof raw === "boolean")
    return { ok: true, predicate: { kind: "truth", is: "==", than: raw, text: String(raw) } };
  if (typeof raw === "number") {
    if (!Number.isFinite(raw)) return { ok: false, problem: `expected a finite number, got ${raw}` };
    const than: Quantity = { value: raw, dimension: "number" };
    return { ok: true, predicate: { kind: "quantity", is: "==", than, text: String(raw) } };
  }
  if (raw.length > lengthMax)
    return { ok: false, problem: `expected at most ${lengthMax} characters, got ${raw.length}` };
  const text = raw.trim();
  const [begun, sign = "=="] = operator.exec(text) ?? [""];
  const is = (sign === "=" ? "==" : sign) as Comparison;
  return parseOperand(is, text.slice(begun.length).trim(), text);
}

function parseOperand(is: Comparison, operand: string, text: string): ParsedCondition {
  const quantity = quantityOf(operand);
  if (quantity !== undefined)
    return "problem" in quantity
      ? { ok: false, problem: quantity.problem }
      : { ok: true, predicate: { kind: "quantity", is, than: quantity, text } };
  const [quoted, double, single] = inQuotes.exec(operand) ?? [];
  const than = quoted === undefined ? operand : (double ?? single ?? "");
  if (quoted === undefined && !word.test(operand))
    return {
      ok: false,
      problem: `expected a comparison such as ">= 0.8", "<= 24_hours", true or a word, got ${quote(text)}`,
    };
  if (is !== "==" && is !== "!=")
    return { ok: false, problem: `"${is}" compares numbers, and ${quote(operand)} is none` };
  if (quoted === undefined && (than === "true" || than === "false"))
    return { ok: true, predicate: { kind: "truth", is, than: than === "true", text } };
  return { ok: true, predicate: { kind: "text", is, than, text } };
}

/** Why the fact of that name does not fulfil the predicate, in words; undefined: it does. */
export function failureOf(name: string, predicate: Predicate, facts: Facts): string | undefined {
  const must = `must be ${predicate.text}`;
  if (!Object.hasOwn(facts, name)) return `${name} is not known, and ${must}`;
  const fact = facts[name] as Fact;
  if (predicate.kind === "quantity") {
    const value = quantityFor(fact, predicate.than);
    if (typeof value === "string") return `${name} is ${value}, and ${must}`;
    const holds = compare(value, predicate.is, predicate.than.value);
    return holds ? undefined : `${name} is ${quantityText({ ...predicate.than, value })}, and ${must}`;
  }
  const fits = typeof fact === (predicate.kind === "truth" ? "boolean" : "string");
  if (!fits)
    return `${name} is ${quote(fact)}, no ${predicate.kind === "truth" ? "truth" : "text"}, and ${must}`;
  const holds = (fact === predicate.than) === (predicate.is === "==");
  return holds ? undefined : `${name} is ${quote(fact)}, and ${must}`;
}

/** A fact as a number in the canonical unit of what it is compared with; or what is wrong with it. */
function quantityFor(fact: Fact, { dimension }: Quantity): number | string {
  if (typeof fact === "number") return Number.isFinite(fact) ? fact : `${fact}, no finite number`;
  if (typeof fact === "boolean" || dimension === "number") return `${quote(fact)}, no number`;
  const quantity = quantityOf(fact.trim());
  if (quantity === undefined || "problem" in quantity) return `${quote(fact)}, no quantity`;
  return quantity.dimension === dimension ? quantity.value : `${quote(fact)}, of another kind`;
}

function compare(a: number, is: Comparison, b: number): boolean {
  switch (is) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case ">=":
      return a >= b;
    case ">":
      return a > b;
  }
}
