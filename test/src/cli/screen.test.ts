import { expect, it } from "vitest";
import { plainScreen, terminalScreen } from "../../../src/cli/screen.ts";

const still = (text: string) => (): string => text;

function terminal(rows: number) {
  const written: string[] = [];
  const write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0;
  return { rows, write: write as NodeJS.WriteStream["write"], written };
}

it("a terminal is drawn over from its top left corner, without a trace of longer lines before", () => {
  const stream = terminal(24);
  const screen = terminalScreen(stream);
  screen.draw(still("one\ntwo"), 0);
  expect(stream.written.at(-1)).toBe("\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J");
});

it("a drawing that is higher than the terminal says how much is hidden", () => {
  const stream = terminal(3);
  terminalScreen(stream).draw(still("1\n2\n3\n4\n5"), 0);
  expect(stream.written.at(-1)).toContain("2\x1b[K\r\n… 3 more lines");
  for (const rows of [5, 0]) {
    stream.rows = rows;
    terminalScreen(stream).draw(still("1\n2\n3\n4\n5"), 0);
    expect(stream.written.at(-1)).toContain("5\x1b[K\x1b[J");
  }
});

it("a terminal is left as it was found, with the last drawing in it whole", () => {
  const stream = terminal(2);
  const screen = terminalScreen(stream);
  expect(stream.written).toEqual(["\x1b[?1049h\x1b[?25l\x1b[?7l"]);
  screen.draw(still("1\n2\n3"), 0);
  screen.close();
  expect(stream.written.slice(-2)).toEqual(["\x1b[?7h\x1b[?25h\x1b[?1049l", "1\n2\n3\n"]);
});

it("a pipe gets a drawing when something has changed, and not because time has passed", () => {
  const printed: string[] = [];
  const screen = plainScreen((line) => printed.push(line) > 0);
  const aged = (text: string) => (nowMs: number) => `${text}, up ${nowMs}`;
  screen.draw(aged("a"), 1);
  screen.draw(aged("a"), 2);
  screen.draw(aged("b"), 3);
  screen.close();
  expect(printed).toEqual(["a, up 1", "\nb, up 3"]);
});

it("what a slow reader did not take is drawn again", () => {
  const printed: string[] = [];
  let slow = true;
  const screen = plainScreen((line) => !slow && printed.push(line) > 0);
  screen.draw(still("a"), 1);
  slow = false;
  screen.draw(still("a"), 2);
  expect(printed).toEqual(["a"]);
});
