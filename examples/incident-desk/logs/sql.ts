import { type SqlDialect, sqlTokens } from "./sql-tokens.ts";

/**
 * A statement without what changes from call to call: literals and parameters become `?`, lists of them after `in`
 * or `values` a single `?`, comments go, spaces fold, and words outside quotes are in lower case. Statements that
 * differ only in values become the same text, and normalising twice changes nothing. At most `charsMax` characters
 * are looked at.
 */
export function normalizeStatement(sql: string, dialect: SqlDialect = "postgres", charsMax = 10_000): string {
  const tokens: string[] = [];
  for (const token of sqlTokens(sql.length > charsMax ? sql.slice(0, charsMax) : sql, dialect)) {
    tokens.push(token);
    if (token === ")" || token === "]") foldList(tokens);
  }
  while (tokens.at(-1) === ";") tokens.pop();
  return spaced(tokens);
}

/** Folds the list of values that `tokens` end in, and a row of values after such a row. */
function foldList(tokens: string[]): void {
  const isArray = tokens.at(-1) === "]";
  let at = tokens.length - 2;
  while (at >= 0 && (tokens[at] === "?" || tokens[at] === ",")) at -= 1;
  if (tokens[at] !== (isArray ? "[" : "(") || at >= tokens.length - 2) return;
  const before = tokens[at - 1];
  // A folded first row of `values` stands as `values ( ? ) ,` before the next one.
  const isNextRow =
    before === "," && isValues(tokens[at - 5]) && tokens.slice(at - 4, at - 1).join("") === "(?)";
  if (!isArray && before !== "in" && !isValues(before) && !isNextRow) return;
  tokens.splice(at + 1, tokens.length - at - 2, "?");
  if (isNextRow) tokens.splice(-4);
}

function isValues(token: string | undefined): boolean {
  return token === "values" || token === "value";
}

const noSpaceBefore = new Set([",", ")", "]", ";", ".", "(", "[", ":"]);
const noSpaceAfter = new Set(["(", "[", ".", ":"]);
/** Words that are no function when a parenthesis follows. */
const wordsBeforeParenthesis = new Set(
  "in values value and or not as on using where from by any all exists over , select into join".split(" "),
);

function spaced(tokens: readonly string[]): string {
  let text = "";
  let before = "";
  for (const token of tokens) {
    text += before !== "" && hasSpaceBetween(before, token) ? ` ${token}` : token;
    before = token;
  }
  return text;
}

function hasSpaceBetween(before: string, token: string): boolean {
  if (noSpaceAfter.has(before)) return false;
  if (token === "(") return wordsBeforeParenthesis.has(before) || /^[=<>!~|&@#%^*/+-]/.test(before);
  return !noSpaceBefore.has(token);
}

export type StatementKind =
  | "SELECT"
  | "INSERT"
  | "UPDATE"
  | "DELETE"
  | "COPY FROM"
  | "COPY TO"
  | "CTE"
  | "DDL"
  | "TCL"
  | "CURSOR"
  | "OTHER";

const kindOfWord: ReadonlyMap<string, StatementKind> = new Map([
  ...words("SELECT", "select"),
  ...words("INSERT", "insert replace"),
  ...words("UPDATE", "update"),
  ...words("DELETE", "delete"),
  ...words("CTE", "with"),
  ...words("DDL", "create drop alter truncate"),
  ...words("TCL", "begin commit rollback start end savepoint abort release"),
  ...words("CURSOR", "declare close fetch move"),
]);

function words(kind: StatementKind, list: string): [string, StatementKind][] {
  return list.split(" ").map((word) => [word, kind]);
}

/** What kind of statement a normalised one is, as pgBadger names the kinds. */
export function statementKind(normalized: string): StatementKind {
  const word = /^[\s(]*([a-z]+)/.exec(normalized)?.[1] ?? "";
  if (word !== "copy") return kindOfWord.get(word) ?? "OTHER";
  return /\bfrom\b/.test(normalized.replace(/\(.*?\)/g, "")) ? "COPY FROM" : "COPY TO";
}
