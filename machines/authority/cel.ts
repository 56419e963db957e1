import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { type Facts, quote } from "../../protocols/index.ts";

/** A condition in CEL. It sees facts and nothing else, and is over after a bounded number of steps. */
export interface CelCondition {
  readonly text: string;
  /** Why it does not hold, in words; undefined: it does. */
  failureOf(facts: Facts): string | undefined;
}

const limits = { maxAstNodes: 200, maxDepth: 16, maxListElements: 64, maxMapEntries: 1, maxCallArguments: 2 };

/** Made with the first condition: most systems have none. */
let environment: Environment | undefined;

/** No `matches` (a pattern can take exponential time), no macros (they loop), nothing that reads a clock or a calendar. */
const functions = new Set(["contains", "startsWith", "endsWith", "size", "double", "int", "string"]);
const operators = new Set<string>(["value", "id", "list", "in", "?:", "||", "&&", "!_", "-_"]);
for (const sign of ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]) operators.add(sign);

/** Understands a condition once; what is wrong with it as a problem. */
export function parseCel(text: string): CelCondition | { readonly problem: string } {
  try {
    environment ??= new Environment({ unlistedVariablesAreDyn: true, limits });
    const parsed = environment.parse(text);
    const refused = refusedIn(parsed.ast);
    if (refused !== undefined) return { problem: `a condition in CEL may not use ${refused}` };
    const checked = parsed.check();
    if (!checked.valid) return { problem: firstLine(checked.error) };
    if (checked.type !== "bool" && checked.type !== "dyn")
      return { problem: `a condition is true or false, and ${quote(text)} is of type ${checked.type}` };
    return { text, failureOf: (facts) => failure(text, parsed, facts) };
  } catch (thrown) {
    return { problem: firstLine(thrown) };
  }
}

function failure(text: string, run: (facts: object) => unknown, facts: Facts): string | undefined {
  try {
    // Without a prototype: only what is known is a variable, and no "constructor" is.
    const value = run(Object.assign(Object.create(null), facts));
    return value === true ? undefined : `${quote(text)} does not hold`;
  } catch (thrown) {
    return `${quote(text)} cannot be said: ${firstLine(thrown)}`;
  }
}

/** The first part of an expression that is not allowed, in words. */
function refusedIn(node: ASTNode): string | undefined {
  if (node.op === "call") {
    const [name, given] = node.args;
    return functions.has(name) ? firstRefused(given) : `"${name}"`;
  }
  if (node.op === "rcall") {
    const [name, receiver, given] = node.args;
    return functions.has(name) ? firstRefused([receiver, ...given]) : `"${name}"`;
  }
  if (!operators.has(node.op)) return `"${node.op}"`;
  if (node.op === "value" || node.op === "id") return undefined;
  return firstRefused((Array.isArray(node.args) ? node.args : [node.args]) as ASTNode[]);
}

function firstRefused(nodes: readonly ASTNode[]): string | undefined {
  for (const node of nodes) {
    const refused = refusedIn(node);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function firstLine(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return (message.split("\n")[0] ?? "").slice(0, 200);
}
