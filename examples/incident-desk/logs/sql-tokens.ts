export type SqlDialect = "postgres" | "mysql";

const SPACE = 1;
const WORD = 2;
const DIGIT = 3;
const OPERATOR = 4;

/** What each ASCII character is; all others are parts of words. */
const classOf = new Uint8Array(128);
for (const char of " \t\n\r\f\v") classOf[char.charCodeAt(0)] = SPACE;
for (const char of "abcdefghijklmnopqrstuvwxyz_") {
  classOf[char.charCodeAt(0)] = WORD;
  classOf[char.toUpperCase().charCodeAt(0)] = WORD;
}
for (const char of "0123456789") classOf[char.charCodeAt(0)] = DIGIT;
for (const char of "=<>!~|&@#%^*/+-") classOf[char.charCodeAt(0)] = OPERATOR;

function classAt(sql: string, at: number): number {
  const code = sql.charCodeAt(at);
  return code < 128 ? (classOf[code] as number) : Number.isNaN(code) ? 0 : WORD;
}

const number = /0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?/iy;
const dollarQuote = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy;
const parameter = /\$\d+/y;

/** The parts of a statement in order, without comments, words in lower case, and `?` for each value. */
export function sqlTokens(sql: string, dialect: SqlDialect): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < sql.length) {
    const kind = classAt(sql, at);
    const char = sql[at] as string;
    if (kind === SPACE) at += 1;
    else if (kind === WORD) {
      const start = at;
      while (isWordPart(sql, at)) at += 1;
      tokens.push(sql.slice(start, at).toLowerCase());
    } else if (
      kind === DIGIT ||
      (char === "." && classAt(sql, at + 1) === DIGIT && !endsOperand(tokens.at(-1)))
    ) {
      number.lastIndex = at;
      number.test(sql);
      at = number.lastIndex;
      pushValue(tokens);
    } else if (isComment(sql, at, dialect)) at = endOfComment(sql, at, dialect);
    else if (kind === OPERATOR) at = takeOperator(sql, at, dialect, tokens);
    else if (char === "'" || (char === '"' && dialect === "mysql"))
      at = takeText(sql, at, char, dialect, tokens);
    else if (char === '"' || char === "`") {
      const end = endOfQuote(sql, at, char, false);
      tokens.push(sql.slice(at, end));
      at = end;
    } else if (char === "$") at = takeDollar(sql, at, tokens);
    else {
      tokens.push(char);
      at += 1;
    }
  }
  return tokens;
}

function isWordPart(sql: string, at: number): boolean {
  const kind = classAt(sql, at);
  return kind === WORD || kind === DIGIT || sql.charCodeAt(at) === 36;
}

function isComment(sql: string, at: number, dialect: SqlDialect): boolean {
  if (sql[at] === "#") return dialect === "mysql";
  return sql.startsWith("--", at) || sql.startsWith("/*", at);
}

function endOfComment(sql: string, start: number, dialect: SqlDialect): number {
  if (sql[start] !== "/") {
    const end = sql.indexOf("\n", start);
    return end === -1 ? sql.length : end + 1;
  }
  let depth = 1;
  let at = start + 2;
  while (at < sql.length && depth > 0) {
    if (sql.startsWith("*/", at)) {
      depth -= 1;
      at += 2;
    } else if (dialect === "postgres" && sql.startsWith("/*", at)) {
      depth += 1;
      at += 2;
    } else at += 1;
  }
  return at;
}

/** An operator of several characters ends before a comment, and before a sign, as PostgreSQL reads it. */
function takeOperator(sql: string, start: number, dialect: SqlDialect, tokens: string[]): number {
  let at = start + 1;
  while (classAt(sql, at) === OPERATOR && !isComment(sql, at, dialect)) at += 1;
  if (!/[~!@#%^&|]/.test(sql.slice(start, at))) {
    while (at > start + 1 && (sql[at - 1] === "+" || sql[at - 1] === "-")) at -= 1;
  }
  tokens.push(sql.slice(start, at));
  return at;
}

function takeText(sql: string, at: number, quote: string, dialect: SqlDialect, tokens: string[]): number {
  // The letter of E'…', B'…', X'…' and N'…' belongs to the literal.
  const letter =
    at > 0 && /^[ebxn]$/.test(tokens.at(-1) ?? "") && classAt(sql, at - 1) === WORD ? tokens.pop() : "";
  pushValue(tokens);
  return endOfQuote(sql, at, quote, dialect === "mysql" || letter === "e");
}

function endOfQuote(sql: string, start: number, quote: string, hasEscapes: boolean): number {
  let at = start + 1;
  while (at < sql.length) {
    if (hasEscapes && sql[at] === "\\") at += 2;
    else if (sql[at] !== quote) at += 1;
    else if (sql[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return sql.length;
}

/** Takes a parameter `$1`, or a text quoted as `$tag$…$tag$`. */
function takeDollar(sql: string, at: number, tokens: string[]): number {
  parameter.lastIndex = at;
  dollarQuote.lastIndex = at;
  if (parameter.test(sql)) {
    pushValue(tokens);
    return parameter.lastIndex;
  }
  const tag = dollarQuote.exec(sql)?.[0];
  if (tag === undefined) {
    tokens.push("$");
    return at + 1;
  }
  pushValue(tokens);
  const end = sql.indexOf(tag, at + tag.length);
  return end === -1 ? sql.length : end + tag.length;
}

/** A sign before a value belongs to it, unless something stands before the sign to add to or subtract from. */
function pushValue(tokens: string[]): void {
  while ((tokens.at(-1) === "-" || tokens.at(-1) === "+") && !endsOperand(tokens.at(-2))) tokens.pop();
  tokens.push("?");
}

const beforeValue = new Set(
  "select where and or not in between like values set limit offset then else when by return".split(" "),
);

function endsOperand(token: string | undefined): boolean {
  if (token === undefined) return false;
  if (token === "?" || token === ")" || token === "]") return true;
  const last = token.charCodeAt(token.length - 1);
  if (last === 34 || last === 96) return true;
  return isWordPart(token, token.length - 1) && !beforeValue.has(token);
}
