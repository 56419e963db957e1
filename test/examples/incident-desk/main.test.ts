import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { link, readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Report } from "../../../examples/incident-desk/report/index.ts";
import { testServer } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const program = fileURLToPath(new URL("../../../examples/incident-desk/main.ts", import.meta.url));
const sources = new URL("../../support/coxswain-by-name.ts", import.meta.url).href;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Run {
  readonly ended: Promise<Ended>;
  /** Resolves when standard output has such a text. */
  seen(text: string): Promise<void>;
  signal(name: "SIGINT" | "SIGTERM"): void;
}

/** Runs the command line as a process, in `folder`. */
function desk(folder: string, ...args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: `--import ${sources}`, NATS_URL: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, out, err })));
  const seen = (text: string): Promise<void> =>
    expect.poll(() => out, { timeout: 15_000, interval: 5 }).toContain(text);
  return { ended, seen, signal: (name) => void child.kill(name) };
}

async function reportIn(folder: string): Promise<Report> {
  return JSON.parse(await readFile(join(folder, "report.json"), "utf8"));
}

/** Two logs of 40 MiB: time enough to be interrupted. */
async function bigLogs(folder: string): Promise<void> {
  const line = "2026-01-01 00:00:00 INFO worker 17 moved item 4711 from shelf a to shelf b in 12 ms\n";
  await writeFile(join(folder, "first.log"), line.repeat(500_000));
  await link(join(folder, "first.log"), join(folder, "second.log"));
}

async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

test("without any argument it reads the example's logs over a server of its own and writes both reports", async () => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await desk(folder.path).ended;
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/nats -s nats:\/\/127\.0\.0\.1:\d+ sub 'cx\.incident-desk\.ev\.>'/);
  expect(out).toContain("The kernel killed 2 processes for memory");
  expect(out).toMatch(/2,382 lines, .* read in .*: [\d,]+ lines\/s, .*\/s; .* in all/);
  const report = await reportIn(join(folder.path, "incident-report"));
  expect(report).toMatchObject({ schemaVersion: 1, totals: { files: 11, failedFiles: 0, lines: 2_382 } });
  expect(report.crews.map(({ crew, status }) => `${crew} ${status}`)).toEqual([
    "service done",
    "messaging done",
    "database done",
  ]);
  const page = await readFile(join(folder.path, "incident-report", "report.html"), "utf8");
  expect(page).toContain("4 critical findings in 11 logs");
}, 60_000);

test("--json prints the report alone to standard output, and --servers uses a server that runs", async () => {
  await using server = await testServer();
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "app.log"), "INFO started\nERROR lost the database\n");
  const args = [
    "app.log",
    "--json",
    "--servers",
    server.url,
    "--name",
    "other",
    "--out",
    "here",
    "--sequence",
  ];
  const { code, out, err } = await desk(folder.path, ...args).ended;
  expect(code).toBe(0);
  expect(err).toContain(`nats -s ${server.url} sub 'cx.other.ev.>'`);
  expect(JSON.parse(out)).toEqual(await reportIn(join(folder.path, "here")));
  expect(JSON.parse(out)).toMatchObject({ run: { server: server.url, system: "other", mode: "sequence" } });
}, 60_000);

test("--nodes gives each crew a process of its own", async () => {
  await using folder = await temporaryFolder();
  const { code, out } = await desk(folder.path, "--nodes", "--no-view").ended;
  expect(code).toBe(0);
  expect(out).not.toContain("nats -s");
  const report = await reportIn(join(folder.path, "incident-report"));
  expect(report).toMatchObject({ run: { areCrewsApart: true }, totals: { files: 11, lines: 2_382 } });
}, 60_000);

test.each([
  [["--workers", "none"], "Expected --workers to be a whole number from 1 to 64"],
  [["--at-most", "4"], "Expected --at-most to be a whole number from 1 to 3"],
  [["--colour"], "Unknown option '--colour'"],
  [["--sequence", "--at-most", "2"], "--at-most has no meaning with --sequence"],
  [["no/such/file.log"], 'Expected a file or folder, got "no/such/file.log"'],
  [["--servers", "mailto:me"], "OPTION_INVALID"],
  [["."], "Expected logs, found none at ."],
])("%j is a mistake: it is explained, and ends with 2", async (args, message) => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await desk(folder.path, ...args).ended;
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(message);
});

test("--help teaches, and names every option", async () => {
  await using folder = await temporaryFolder();
  const { code, out } = await desk(folder.path, "--help").ended;
  expect(code).toBe(0);
  const named = [...out.matchAll(/^ {2}(--[a-z-]+)/gm)].map((match) => match[1]);
  expect(named).toEqual(
    "--out --json --workers --sequence --at-most --nodes --servers --name --within --approve --no-view --help".split(
      " ",
    ),
  );
});

test("a run that cannot reach its server fails with 1 and says why", async () => {
  await using folder = await temporaryFolder();
  const { code, err } = await desk(folder.path, "--servers", "nats://127.0.0.1:1", "--no-view").ended;
  expect(code).toBe(1);
  expect(err).toMatch(/The run failed with [A-Z_]+: .*127\.0\.0\.1:1/);
});

test.each([[[]], [["--nodes"]]])(
  "Ctrl-C ends a run %j in order, with 130 and no report",
  async (args) => {
    await using folder = await temporaryFolder();
    await bigLogs(folder.path);
    const run = desk(folder.path, ".", ...args);
    await run.seen("listen with");
    run.signal("SIGINT");
    const { code, out } = await run.ended;
    expect(code).toBe(130);
    expect(out).toContain("Stopping in order");
    expect(out).toContain("Stopped. No report was written.");
    expect(existsSync(join(folder.path, "incident-report"))).toBe(false);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(out)?.[1]);
    expect(await isListening(port)).toBe(false);
  },
  60_000,
);

test("a second Ctrl-C ends at once what cannot stop in order", async () => {
  await using server = await testServer();
  await using folder = await temporaryFolder();
  await bigLogs(folder.path);
  const run = desk(folder.path, ".", "--nodes", "--servers", server.url);
  await run.seen("listen with");
  // A server that answers nobody: what is to be closed in order waits for it.
  process.kill(server.pid, "SIGSTOP");
  try {
    run.signal("SIGINT");
    await run.seen("Once more to end at once");
    run.signal("SIGINT");
    const { code, out } = await run.ended;
    expect(code).toBe(130);
    expect(out).not.toContain("Stopped.");
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
}, 60_000);
