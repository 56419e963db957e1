import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Colours for a stream: on a terminal, unless NO_COLOR is set; FORCE_COLOR asks for them anywhere. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const wanted = FORCE_COLOR === undefined ? stream.isTTY === true : FORCE_COLOR !== "0";
  return wanted && !NO_COLOR
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}

/** Waiting for a slow reader of ours. */
const waitingMaxBytes = 16 * 1024 * 1024;

/** Prints a line on standard output. False where it was dropped, since the reader is too slow. */
export function print(line: string): boolean {
  if (process.stdout.writableLength > waitingMaxBytes) return false;
  process.stdout.write(`${line}\n`);
  return true;
}

/** Says something beside the output proper, on standard error. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Resolves when everything printed so far has been taken; at once where nobody reads any more. */
export async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength === 0 || stream.destroyed) continue;
    await new Promise<void>((resolve) => {
      stream.once("error", () => resolve());
      stream.write("", () => resolve());
    });
  }
}

/** JSON of any plain data: what JSON has not is written as `{"$bytes": base64}` and `{"$bigint": digits}`. */
export function toJson(value: unknown, indent?: number): string {
  const known = (_key: string, part: unknown): unknown => {
    if (typeof part === "bigint") return { $bigint: String(part) };
    if (part instanceof Uint8Array) return { $bytes: Buffer.from(part).toString("base64") };
    return part;
  };
  return JSON.stringify(value, known, indent) ?? "null";
}

/** Text from elsewhere, made harmless for a terminal: control characters and line ends become "�" or spaces. */
export function plainText(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ").replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "�");
}

/** Rows in columns: numbers to the right, the last column as long as it likes. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  paint: Paint,
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === "number" ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const numbers = head.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const titles = head.map((title, column) => (numbers[column] ? title.padStart(widths[column] ?? 0) : title));
  return [paint("bold", line(titles)), ...rows.map(line)].join("\n");
}

/** "850 ms", "12 s", "3 min 20 s", "5 h 3 min", "2 d 4 h". */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const steps = [
    { unit: "d", seconds: 86_400 },
    { unit: "h", seconds: 3_600 },
    { unit: "min", seconds: 60 },
    { unit: "s", seconds: 1 },
  ];
  let left = Math.floor(ms / 1_000);
  const parts = steps.map(({ unit, seconds }) => {
    const count = Math.floor(left / seconds);
    left -= count * seconds;
    return { count, unit };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ count, unit }) => `${count} ${unit}`)
    .join(" ");
}

/** A machine's state value in a word: "open", "busy.calling", "left.on|right.off". */
export function stateText(value: unknown): string {
  if (typeof value === "string") return plainText(value);
  if (typeof value !== "object" || value === null) return plainText(String(value));
  return Object.entries(value)
    .map(([name, child]) => {
      const below = stateText(child);
      return below === "" ? plainText(name) : `${plainText(name)}.${below}`;
    })
    .join("|");
}
