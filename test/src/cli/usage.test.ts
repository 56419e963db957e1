import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { didYouMean } from "../../../src/cli/did-you-mean.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

const commands = [
  "run",
  "ps",
  "tree",
  "tap",
  "inspect",
  "history",
  "letters",
  "rules",
  "export",
  "import",
  "doctor",
  "server",
  "setup",
];

describe("help", () => {
  it("names every command and every exit code", async () => {
    const { stdout, code } = await output(terminal.coxswain(["--help"]));
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, "m"));
    for (const exitCode of [0, 1, 2, 3, 130]) expect(stdout).toMatch(new RegExp(`^  ${exitCode} +\\S`, "m"));
  });

  it.each(commands)("of %s shows its options and an example that begins with it", async (command) => {
    const { stdout, stderr, code } = await output(terminal.coxswain([command, "--help"]));
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toContain(`Usage: coxswain ${command}`);
    expect(stdout).toMatch(/^ {2}--help +Show this$/m);
    expect(stdout).toMatch(new RegExp(`^Example\\n  coxswain ${command}`, "m"));
  });

  it("is the answer to no command at all, with 2", async () => {
    const { stdout, stderr, code } = await output(terminal.coxswain([]));
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toContain("Usage: coxswain <command>");
  });
});

it("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"));
  expect((await output(terminal.coxswain(["--version"]))).stdout).toBe(`${version}\n`);
});

describe("what is not understood", () => {
  it.each([
    { args: ["tpa"], says: 'no command "tpa". Did you mean "tap"?' },
    { args: ["doktor"], says: 'Did you mean "doctor"?' },
    { args: ["\u001b[31mx"], says: 'no command "�[31mx".' },
    { args: ["ps", "--sytem", "a"], says: "no option --sytem. Did you mean --system?" },
    { args: ["ps", "--system"], says: "Expected NAME behind --system, got nothing" },
    { args: ["ps", "--json=yes"], says: "Expected --json without a value" },
    { args: ["ps", "-x"], says: "no option -x." },
    { args: ["ps", "crew.*"], says: 'Expected an address like "crew.bow", got "crew.*"' },
    { args: ["ps", "--limit", "2501"], says: "Expected --limit to be a whole number from 1 to 2500" },
    { args: ["tap", "a..b"], says: "Expected a pattern" },
    { args: ["tap", "a.>.b"], says: "Expected a pattern" },
    { args: ["inspect"], says: 'Expected a durable type or agent like "account/alice"' },
    { args: ["check"], says: 'Expected a module: "coxswain check <module>"' },
    { args: ["check", "nowhere.ts"], says: 'There is no file "nowhere.ts"' },
    { args: ["export"], says: 'Expected a file: "coxswain export <file>"' },
    { args: ["import"], says: 'Expected a file: "coxswain import <file>"' },
    { args: ["letters"], says: 'Expected "coxswain letters list"' },
    { args: ["letters", "replay"], says: "Expected the numbers of the letters to replay, or --all" },
    { args: ["letters", "replay", "x"], says: 'Expected the number of a letter, got "x"' },
    { args: ["ps", "--servers", "http://a"], says: "Expected a server like" },
    { args: ["setup", "--version", "1.0.0"], says: "Expected --version 2.10.27 or 2.9.10" },
  ])("$args is answered with what was expected, and 2", async ({ args, says }) => {
    const { stdout, stderr, code } = await output(terminal.coxswain(args));
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toContain(says);
  });
});

describe("a server that is not there", () => {
  it("is told with 3, and what to do where none was named", async () => {
    const { stderr, code } = await output(terminal.coxswain(["ps"]));
    expect(code).toBe(3);
    expect(stderr).toContain("coxswain run <file>");
  });

  it("is told with 3 where it was named", async () => {
    const { stderr, code } = await output(terminal.coxswain(["ps", "--servers", "nats://127.0.0.1:1"]));
    expect(code).toBe(3);
    expect(stderr).toContain("SERVER_NOT_FOUND");
  });
});

describe("did you mean", () => {
  it.each([
    ["tre", "tree"],
    ["lettres", "letters"],
    ["serevr", "server"],
    ["zzz", undefined],
    ["", undefined],
  ])("%s → %s", (word, meant) => {
    expect(didYouMean(word, commands)).toBe(meant);
  });
});
