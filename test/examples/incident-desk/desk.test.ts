import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Desk, type DeskOptions, startDesk } from "../../../examples/incident-desk/desk.ts";
import { filesOf, type Intake, takeIn } from "../../../examples/incident-desk/intake.ts";
import { type LogFacts, mergeFacts, readLog } from "../../../examples/incident-desk/logs/index.ts";
import { exampleLogs } from "../../../examples/incident-desk/options.ts";
import { reportOf } from "../../../examples/incident-desk/report/index.ts";
import { work } from "../../../protocols/index.ts";
import { testServer } from "../../support/nats-server.ts";
import { isRunning } from "../../support/processes.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const here = { transport: "memory", workers: 2 } as const satisfies DeskOptions;
const run = {
  system: "incident-desk",
  server: "memory",
  mode: "parallel",
  workers: 2,
  areCrewsApart: false,
  tookMs: 1_000,
  workedMs: 500,
} as const;

/** What reading the same files one after the other, without any actor, finds. */
async function directly(intake: Intake): Promise<Record<string, LogFacts>> {
  const groups: Record<string, LogFacts> = {};
  for (const [, files] of filesOf(intake)) {
    for (const { path, name } of files) {
      const facts = { ...(await readLog(path)), paths: [name] };
      const known = groups[facts.format];
      groups[facts.format] = known === undefined ? facts : (mergeFacts(known, facts) as LogFacts);
    }
  }
  return groups;
}

async function groupsOf(desk: Desk, intake: Intake): Promise<Record<string, LogFacts>> {
  const outcomes = await desk.investigate(intake, { mode: "parallel" });
  return Object.fromEntries(
    outcomes.flatMap((outcome) =>
      outcome.status === "done" ? outcome.result.groups.map(({ label, facts }) => [label, facts]) : [],
    ),
  );
}

/** Executions that could still get entries are no longer kept when all files were read. */
function withoutOpen(groups: Record<string, LogFacts>): unknown {
  return Object.fromEntries(
    Object.entries(groups).map(([label, facts]) => {
      if (facts.kind !== "functions") return [label, facts];
      const { all, failed } = facts.executions;
      return [label, { ...facts, executions: { all, failed } }];
    }),
  );
}

describe("in one process", () => {
  test("three crews find in the example's logs what reading them one by one finds", async () => {
    await using desk = await startDesk(here);
    const intake = await takeIn([exampleLogs]);
    const found = await groupsOf(desk, intake);
    const labels = [
      "gcp-functions",
      "kernel",
      "mysql-slow",
      "nats-server",
      "postgres-cloudsql",
      "postgres-stderr",
    ];
    expect(Object.keys(found).sort()).toEqual(labels);
    expect(withoutOpen(found)).toEqual(withoutOpen(await directly(intake)));
  });

  test("the result does not depend on how many readers a crew has", async () => {
    const intake = await takeIn([exampleLogs]);
    await using one = await startDesk({ ...here, workers: 1 });
    await using eight = await startDesk({ ...here, workers: 8 });
    expect(await groupsOf(eight, intake)).toEqual(await groupsOf(one, intake));
  });

  test("a file that is gone is listed with the reason, and everything else is read", async () => {
    await using folder = await temporaryFolder();
    const [kept, gone] = [join(folder.path, "a.log"), join(folder.path, "b.log")];
    for (const path of [kept, gone]) await writeFile(path, "started\nstopped\n");
    await using desk = await startDesk(here);
    const intake = await takeIn([folder.path, join(exampleLogs, "logs/messaging")]);
    await rm(gone);
    const outcomes = await desk.investigate(intake, { mode: "parallel" });
    const report = reportOf(run, intake, outcomes, 0);
    expect(report.crews).toMatchObject([
      { status: "done", files: [{ lines: 2 }], failures: [{ reason: expect.stringContaining("ENOENT") }] },
      { status: "done", files: [{ lines: 17 }], failures: [] },
      { status: "idle" },
    ]);
    expect(report.totals).toMatchObject({ files: 2, failedFiles: 1 });
  });

  test("a crew none of whose files can be read has failed, and spoils no other", async () => {
    await using folder = await temporaryFolder();
    const gone = join(folder.path, "b.log");
    await writeFile(gone, "started\n");
    await using desk = await startDesk(here);
    const intake = await takeIn([
      gone,
      join(exampleLogs, "logs/database"),
      join(exampleLogs, "logs/messaging"),
    ]);
    await rm(gone);
    const { crews } = reportOf(run, intake, await desk.investigate(intake, { mode: "parallel" }), 0);
    expect(crews.map(({ status }) => status)).toEqual(["failed", "done", "done"]);
    expect(crews[0]?.error).toEqual({ code: "NO_FILE_READ", reason: "None of its 1 files could be read" });
  });

  test("in sequence, the first failure ends it, and the crews after it are not asked", async () => {
    await using folder = await temporaryFolder();
    const gone = join(folder.path, "server.log");
    await writeFile(gone, await readFile(join(exampleLogs, "logs/messaging/nats-server.log")));
    await using desk = await startDesk(here);
    const intake = await takeIn([gone, join(exampleLogs, "logs/database"), join(exampleLogs, "logs/kernel")]);
    await rm(gone);
    const asked = vi.fn();
    using _ = desk.system.ref("database.worker1", work).on("workStarted", asked);
    const outcomes = await desk.investigate(intake, { mode: "sequence" });
    expect(outcomes.map(({ status }) => status)).toEqual(["done", "failed", "notAsked"]);
    expect(outcomes[1]).toMatchObject({ code: "REFUSED", reason: expect.stringContaining("ENOENT") });
    expect(asked).not.toHaveBeenCalled();
  });

  test.each([{ mode: "sequence" }, { mode: "parallel", atMost: 1 }] as const)(
    "crews are at work one after the other: %j",
    async (options) => {
      await using desk = await startDesk(here);
      const order: string[] = [];
      const listening = (["service", "messaging", "database"] as const).flatMap((crew) => {
        const lead = desk.system.ref(`desk.${crew}`, work);
        return [
          lead.on("workStarted", () => void order.push(`${crew} starts`)),
          lead.on("workDone", () => void order.push(`${crew} is done`)),
        ];
      });
      await desk.investigate(await takeIn([exampleLogs]), options);
      for (const one of listening) one.close();
      expect(order).toEqual(
        ["service", "messaging", "database"].flatMap((crew) => [`${crew} starts`, `${crew} is done`]),
      );
    },
  );

  test("a run that is interrupted rejects, and its readers put down their files", async () => {
    await using folder = await temporaryFolder();
    const path = await bigLog(folder.path);
    await using desk = await startDesk(here);
    const interrupted = new AbortController();
    const failed = vi.fn();
    const reader = desk.system.ref("service.worker1", work);
    using _ = reader.on("workFailed", failed);
    using __ = reader.on("workProgressed", () => interrupted.abort());
    const running = desk.investigate(await takeIn([path]), { mode: "parallel", signal: interrupted.signal });
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce());
  });

  test("a thousand files with long names fit into the one answer of the desk", async () => {
    await using folder = await temporaryFolder();
    const statement = (i: number, j: number) =>
      `2026-01-01 00:00:0${j % 10}.000 UTC [${i}] u${i}@d LOG:  duration: ${j + 1}.5 ms  statement: SELECT c${word(i)}${word(j)} FROM ${"wide_table_".repeat(60)}${word(i)}`;
    for (let i = 0; i < 1_001; i++) {
      const lines = Array.from({ length: 4 }, (_, j) => statement(i, j));
      await writeFile(join(folder.path, `${"長".repeat(70)}${i}.log`), `${lines.join("\n")}\n`);
    }
    await using desk = await startDesk({ ...here, workers: 8 });
    const intake = await takeIn([folder.path]);
    expect(intake.isCut).toBe(true);
    const [, , database] = await desk.investigate(intake, { mode: "parallel" });
    if (database?.status !== "done") throw new Error(JSON.stringify(database));
    expect(database.result.files).toHaveLength(1_000);
    const facts = database.result.groups[0]?.facts;
    if (facts?.kind !== "postgres") throw new Error(`Expected facts of PostgreSQL, got ${facts?.kind}`);
    expect(facts.queries).toBe(4_000);
    const counted = facts.statements.rows.reduce(
      (sum, row) => sum + row.count,
      facts.statements.others.count,
    );
    expect(counted).toBe(4_000);
    // The readers keep 300 kinds of statement; the message has no room for so many.
    expect(facts.statements.rows.length).toBeLessThan(300);
  }, 60_000);
});

describe("over a real nats-server", () => {
  beforeAll(() => {
    // A crew's process runs the sources, as this test does.
    const sources = new URL("../../support/coxswain-by-name.ts", import.meta.url).href;
    vi.stubEnv("NODE_OPTIONS", `--import ${sources}`);
    return () => vi.unstubAllEnvs();
  });

  test("the same is found, by crews in this process and by crews in a process each", async () => {
    await using server = await testServer();
    const intake = await takeIn([exampleLogs]);
    const expected = withoutOpen(await directly(intake));
    for (const areCrewsApart of [false, true]) {
      const desk = await startDesk({ servers: server.url, workers: 2, areCrewsApart });
      const pids = desk.processes.map(({ pid }) => pid);
      expect(pids).toHaveLength(areCrewsApart ? 3 : 0);
      expect(withoutOpen(await groupsOf(desk, intake))).toEqual(expected);
      await desk.close();
      for (const pid of pids) expect(await isRunning(pid)).toBe(false);
    }
  }, 60_000);

  test("a crew whose process is killed at work fails, and the others finish", async () => {
    await using server = await testServer();
    await using folder = await temporaryFolder();
    const path = await bigLog(folder.path);
    await using desk = await startDesk({ servers: server.url, workers: 1, areCrewsApart: true });
    const service = desk.processes.find(({ crew }) => crew === "service");
    using _ = desk.system.ref("service.worker1", work).on("workProgressed", () => service?.kill());
    const intake = await takeIn([
      path,
      join(exampleLogs, "logs/database"),
      join(exampleLogs, "logs/messaging"),
    ]);
    const outcomes = await desk.investigate(intake, { mode: "parallel" });
    expect(outcomes.map(({ status }) => status)).toEqual(["failed", "done", "done"]);
    expect(outcomes[0]).toMatchObject({ reason: expect.stringContaining("The service crew is gone") });
  }, 60_000);

  test("a crew's process ends when the desk's channel to it closes", async () => {
    await using server = await testServer();
    const desk = await startDesk({
      servers: server.url,
      workers: 1,
      areCrewsApart: true,
      crews: ["database"],
    });
    const pids = desk.processes.map(({ pid }) => pid);
    expect(await isRunning(pids[0] as number)).toBe(true);
    await desk.close();
    expect(await isRunning(pids[0] as number)).toBe(false);
  });
});

/** A log of 60 MiB that no format fits: reading it takes long enough to be stopped in the middle. */
async function bigLog(folder: string): Promise<string> {
  const path = join(folder, "big.log");
  const line = "2026-01-01 00:00:00 INFO worker 17 moved item 4711 from shelf a to shelf b in 12 ms\n";
  await writeFile(path, line.repeat(Math.ceil((60 * 1024 * 1024) / line.length)));
  return path;
}

/** A number spelled in letters: numbers would be left out of what a statement is called. */
function word(n: number): string {
  return [...String(n)].map((digit) => String.fromCharCode(97 + Number(digit))).join("");
}
