import type { Document, Node } from "yaml";
import { CoxswainError, type RuleSet } from "../../protocols/index.ts";
import type { Problem } from "./levels.ts";
import { validateRules } from "./rule-set.ts";

type Yaml = typeof import("yaml");

/** Longer texts are no rule set. */
const lengthMax = 1_000_000;

/**
 * Reads a rule set written in YAML (JSON is YAML, too), with the keys of `defineRules`.
 *
 * Rejects with OPTION_INVALID, which names each problem by file, line and column.
 */
export async function loadRules(text: string, fileName: string): Promise<RuleSet> {
  if (text.length > lengthMax)
    throw refusal([`${fileName}: expected at most ${lengthMax} characters, got ${text.length}`]);
  // Only who reads a file pays for what reads it.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${fileName}:${line}:${col}`;
  };
  const unreadable = [...document.errors, ...document.warnings];
  if (unreadable.length > 0)
    throw refusal(unreadable.map(({ pos, message }) => `${at(pos[0])}: ${message.split("\n")[0]}`));
  const checked = validateRules(contentOf(document, fileName));
  if (checked.ok) return checked.ruleSet;
  throw refusal(
    checked.problems.map((problem) => `${at(offsetOf(yaml, document, problem))}: ${problem.says}`),
  );
}

/** As plain data. Few aliases are followed: many of them nested grow beyond any memory. */
function contentOf(document: Document, fileName: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch (thrown) {
    throw refusal([`${fileName}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  }
}

function refusal(found: readonly string[]): CoxswainError {
  const more = found.length > 5 ? `\nand ${found.length - 5} more` : "";
  return new CoxswainError("OPTION_INVALID", found.slice(0, 5).join("\n") + more, {
    details: { problems: found.slice(0, 100) },
  });
}

/** Where a problem stands: at its key, or its place in a list; at what is nearest if it is not there. */
function offsetOf(yaml: Yaml, document: Document, { path }: Problem): number {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const key of path) {
    if (yaml.isAlias(node)) node = node.resolve(document) ?? null;
    if (yaml.isMap(node)) {
      const pair = node.items.find(
        ({ key: name }) => yaml.isScalar(name) && String(name.value) === String(key),
      );
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (yaml.isSeq(node)) {
      node = (node.items[Number(key)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
