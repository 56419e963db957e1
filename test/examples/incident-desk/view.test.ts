import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { startDesk } from "../../../examples/incident-desk/desk.ts";
import { takeIn } from "../../../examples/incident-desk/intake.ts";
import { exampleLogs } from "../../../examples/incident-desk/options.ts";
import { type Screen, showRun } from "../../../examples/incident-desk/view.ts";
import { type FrameOptions, frame } from "../../../examples/incident-desk/view-frame.ts";
import { ViewState } from "../../../examples/incident-desk/view-state.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const options: FrameOptions = {
  columns: 100,
  rows: 30,
  hasColor: false,
  elapsedMs: 2_000,
  server: "nats://127.0.0.1:4222",
  system: "incident-desk",
};

function working(): ViewState {
  const state = new ViewState(
    [
      ["service", 2],
      ["messaging", 1],
      ["database", 0],
    ],
    2,
  );
  state.fileStarted("service", "service.worker1", "logs/a.log", 4_096);
  state.progressed("service", "service.worker1", {
    file: "logs/a.log",
    bytes: 2_048,
    ofBytes: 4_096,
    lines: 500,
  });
  state.fileStarted("service", "service.worker2", "logs/b.log", 100);
  state.progressed("service", "service.worker2", { file: "logs/b.log", bytes: 100, ofBytes: 100, lines: 7 });
  state.fileEnded("service", "service.worker2", true);
  return state;
}

describe("a picture of the run", () => {
  test("says who does what, how far it is, how fast, and where to listen", () => {
    expect(frame(working(), options)).toEqual([
      "Incident desk  507 lines · 254 lines/s · 2 s",
      "nats://127.0.0.1:4222  listen with: nats -s nats://127.0.0.1:4222 sub 'cx.incident-desk.ev.>'",
      "",
      "service    working       1/2 files     507 lines",
      "  worker1   ━━━━━━━━━━━━────────────  50 % of 4 KiB      logs/a.log",
      "messaging  waiting       0/1 files     0 lines",
      "database   nothing to do",
    ]);
  });

  test("is never wider than the terminal, nor taller", () => {
    const state = working();
    state.crewEnded("messaging", `REFUSED: ${"a very long reason ".repeat(20)}`);
    state.fileStarted("service", "service.worker2", `${"deep/".repeat(80)}b.log`, 100);
    for (const columns of [20, 40, 80, 120]) {
      const lines = frame(state, { ...options, columns });
      for (const line of lines) expect([...line].length).toBeLessThan(columns + 1);
    }
    expect(frame(state, { ...options, rows: 5 })).toHaveLength(5);
    expect(frame(state, { ...options, rows: 5 }).at(-1)).toBe("… 5 more");
  });

  test("has colours only where they are wanted, and the same text", () => {
    const plain = frame(working(), options);
    const colored = frame(working(), { ...options, hasColor: true });
    expect(plain.join("")).not.toContain("\x1b");
    expect(colored.join("")).toContain("\x1b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(colored.map((line) => line.replace(/\x1b\[\d+m/g, ""))).toEqual(plain);
  });

  test("a file's name cannot steer the terminal", () => {
    const state = working();
    state.fileStarted("service", "service.worker2", "\x1b[2Jb\nc.log", 100);
    const lines = frame(state, options);
    expect(lines.join("")).not.toContain("\x1b");
    expect(lines.join("|")).toContain("\\x1b[2Jb c.log");
  });

  test("events of a crew or reader nobody knows change nothing", () => {
    const state = working();
    const before = frame(state, options);
    state.crewEnded("nobody");
    state.fileEnded("service", "service.worker9", true);
    expect(frame(state, options)).toEqual(before);
  });
});

function recording(isTTY: boolean): Screen & { text: string } {
  const screen = {
    isTTY,
    columns: 100,
    rows: 40,
    text: "",
    write: (text: string) => {
      screen.text += text;
    },
  };
  return screen;
}

describe("the view of a real run", () => {
  test("is plain lines where there is no terminal: one a file, one a crew", async () => {
    const intake = await takeIn([exampleLogs]);
    await using desk = await startDesk({ transport: "memory", workers: 2 });
    const screen = recording(false);
    const view = showRun(desk.system, intake, { workers: 2, screen, env: {} });
    await desk.investigate(intake, { mode: "parallel" });
    await vi.waitFor(() => expect(screen.text.match(/: done, /g)).toHaveLength(3));
    view.close();
    expect(screen.text).not.toContain("\x1b");
    expect(screen.text.match(/: read /g)).toHaveLength(11);
    expect(screen.text).toContain("cloudsql.log.gz, 1,343 lines\n");
    expect(screen.text).toContain("database: done, 6 files\n");
  });

  test("redraws in place on a terminal, and gives the cursor back once", async () => {
    const intake = await takeIn([exampleLogs]);
    await using desk = await startDesk({ transport: "memory", workers: 2 });
    const screen = recording(true);
    const view = showRun(desk.system, intake, { workers: 2, screen, env: { NO_COLOR: "1" } });
    await desk.investigate(intake, { mode: "parallel" });
    await vi.waitFor(
      () => expect(screen.text).toMatch(/database {3}done {10}6\/6 files {5}2,227 lines/),
      5_000,
    );
    view.close();
    view.close();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what the terminal is told
    const orders = [...screen.text.matchAll(/\x1b\[([^a-zA-Z]*[a-zA-Z])/g)].map((match) => match[1] ?? "");
    expect(orders[0]).toBe("?25l");
    expect(orders.at(-1)).toBe("?25h");
    expect(orders.filter((order) => order.startsWith("?25"))).toHaveLength(2);
    expect(orders.filter((order) => order.endsWith("m"))).toEqual([]);
    expect(orders.filter((order) => order.endsWith("A")).length).toBeGreaterThan(0);
  });

  test("says which file could not be read", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "gone.log");
    await writeFile(path, "a line\n");
    const intake = await takeIn([path]);
    await using desk = await startDesk({ transport: "memory", workers: 1 });
    const screen = recording(false);
    const view = showRun(desk.system, intake, { workers: 1, screen, env: {} });
    await rm(path);
    await desk.investigate(intake, { mode: "parallel" });
    await vi.waitFor(() => expect(screen.text).toContain("could not read"));
    view.close();
    expect(screen.text).toMatch(/service: could not read .*gone\.log: ENOENT/);
  });
});
