import { print } from "./output.ts";

/** What was seen, as text; its ages are those at `nowMs`. */
export type Drawing = (nowMs: number) => string;

/** Where something is drawn again and again. */
export interface Screen {
  draw(drawing: Drawing, nowMs: number): void;
  /** Leaves the last drawing behind. */
  close(): void;
}

/** What a terminal is, as far as we draw on it. */
type TerminalStream = Pick<NodeJS.WriteStream, "write" | "rows">;

const escapes = {
  // A screen of its own, without a cursor; what is too long for a line is cut by the terminal.
  open: "\x1b[?1049h\x1b[?25l\x1b[?7l",
  close: "\x1b[?7h\x1b[?25h\x1b[?1049l",
  home: "\x1b[H",
  restOfLine: "\x1b[K",
  restOfScreen: "\x1b[J",
} as const;

/** Draws over the drawing before; lines beyond the terminal's height are counted. */
export function terminalScreen(stream: TerminalStream): Screen {
  let last: string | undefined;
  stream.write(escapes.open);
  return {
    draw: (drawing, nowMs) => {
      last = drawing(nowMs);
      const lines = fitting(last.split("\n"), stream.rows);
      const drawn = lines.map((line) => `${line}${escapes.restOfLine}`).join("\r\n");
      stream.write(`${escapes.home}${drawn}${escapes.restOfScreen}`);
    },
    close: () => {
      stream.write(escapes.close);
      if (last !== undefined) stream.write(`${last}\n`);
    },
  };
}

function fitting(lines: readonly string[], rows: number): readonly string[] {
  // A terminal that does not know its height says 0.
  if (rows === 0 || lines.length <= rows) return lines;
  const shown = lines.slice(0, Math.max(0, rows - 1));
  return [...shown, `… ${lines.length - shown.length} more lines`];
}

/** For files and pipes: one drawing after the other, an empty line between. That time passes is no news. */
export function plainScreen(printLine: (line: string) => boolean = print): Screen {
  let last: string | undefined;
  return {
    draw: (drawing, nowMs) => {
      const news = drawing(0);
      if (news === last) return;
      const text = drawing(nowMs);
      if (printLine(last === undefined ? text : `\n${text}`)) last = news;
    },
    close: () => {},
  };
}
