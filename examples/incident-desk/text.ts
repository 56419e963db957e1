/** Characters that would steer a terminal or turn the direction of text, and halves of characters. */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** Text from a log made harmless to show: what cannot be seen is spelled out, as `\x1b`; lines and tabs stay. */
export function visible(text: string): string {
  return text.replace(unseen, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** As `visible`, on one line of at most `charsMax` characters. */
export function oneLine(text: string, charsMax = 200): string {
  const line = visible(text.slice(0, 4 * charsMax))
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join("")}…`;
}

/** Text without halves of characters, which a log may be cut in and no message may carry. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

export function shownCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `per` second, of what took `tookMs`; nothing is infinitely fast. */
export function perSecond(count: number, tookMs: number): number {
  return Math.round((count * 1_000) / Math.max(1, tookMs));
}

/** What went wrong, in words, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
