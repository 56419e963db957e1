import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { pathToFileURL } from "node:url";
import { isCoxswainError } from "coxswain/protocols";
import { type Desk, startDesk } from "./desk.ts";
import { deskActors, followUp } from "./follow-up.ts";
import { filesOf, type Intake, takeIn } from "./intake.ts";
import { shownBytes, shownMs } from "./logs/finding.ts";
import { help, type Options, optionsOf, UsageError } from "./options.ts";
import { type Report, rankedFindings, reportOf, verdictOf, writeReport } from "./report/index.ts";
import { oneLine, reasonOf, shownCount } from "./text.ts";
import { showRun } from "./view.ts";

const exit = { written: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Findings the summary names; all are in the report. */
const SUMMARY_MAX = 8;

/** Warnings of the system that are kept until the view is over. */
const REPORTS_MAX = 20;

/** Where the words of a run go: with --json, standard output is for the JSON alone. */
type Say = (line: string) => void;

async function main(args: readonly string[]): Promise<number> {
  let options: Options | "help";
  try {
    options = optionsOf(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee --help.`);
    return exit.usage;
  }
  if (options === "help") {
    console.log(help);
    return exit.written;
  }
  const say: Say = options.isJson ? console.error : console.log;
  const interrupted = new AbortController();
  const desks: Desk[] = [];
  const forget = onInterrupt(interrupted, desks, say);
  try {
    return await run(options, interrupted.signal, desks, say);
  } catch (error) {
    if (interrupted.signal.aborted) {
      say("Stopped. No report was written.");
      return exit.interrupted;
    }
    console.error(`The run failed${isCoxswainError(error) ? ` with ${error.code}` : ""}: ${reasonOf(error)}`);
    const isMistake =
      error instanceof UsageError || (isCoxswainError(error) && error.code === "OPTION_INVALID");
    return isMistake ? exit.usage : exit.failed;
  } finally {
    forget();
  }
}

/** Ctrl-C once aborts the run, which then stops in order; twice ends the process and the crews' at once. */
function onInterrupt(interrupted: AbortController, desks: readonly Desk[], say: Say): () => void {
  const stop = (): void => {
    if (interrupted.signal.aborted) {
      for (const { processes } of desks) for (const crew of processes) crew.kill();
      process.exit(exit.interrupted);
    }
    interrupted.abort(new Error("interrupted"));
    say("Stopping in order: readers put down their files, the crews end. Once more to end at once.");
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

async function run(options: Options, signal: AbortSignal, desks: Desk[], say: Say): Promise<number> {
  const { workers, mode, areCrewsApart, name, servers, withinMs } = options;
  const startedMs = performance.now();
  const intake = await takeIn(options.paths, { signal });
  const withWork = filesOf(intake).flatMap(([crew, files]) => (files.length > 0 ? [crew] : []));
  if (withWork.length === 0 && intake.failures.length === 0)
    throw new UsageError(`Expected logs, found none at ${options.paths.join(", ")}`);
  const reports: string[] = [];
  const onReport = ({ level, message }: { level: string; message: string }): void => {
    if (level !== "info") reports.push(`${level}: ${oneLine(message)}`);
    // They are said when the view is over; the last ones say most.
    if (reports.length > REPORTS_MAX) reports.shift();
  };
  const desk = await startDesk({
    crews: withWork,
    workers,
    areCrewsApart,
    name,
    withinMs,
    onReport,
    actors: deskActors(options.isAsked),
    ...(servers !== undefined && { servers }),
  });
  desks.push(desk);
  let report: Report;
  try {
    const beganMs = performance.now();
    const outcomes = await investigate(desk, intake, options, signal);
    const workedMs = msSince(beganMs);
    const tookMs = msSince(startedMs);
    const facts = { system: name, server: desk.system.url, mode, workers, areCrewsApart, tookMs, workedMs };
    report = reportOf(facts, intake, outcomes, Date.now());
    report = await withFollowUps(desk, report, { intake, options, signal, say });
  } finally {
    await desk.close();
    for (const line of reports) console.error(line);
  }
  const written = await writeReport(report, resolve(options.out));
  if (options.isJson) console.log(JSON.stringify(report));
  summarize(report, written.html, say);
  return report.crews.some(({ status }) => status === "done") ? exit.written : exit.failed;
}

/** What is critical is looked at again and handed over. That it could not be is said, and spoils no report. */
async function withFollowUps(
  { system }: Desk,
  report: Report,
  run: { intake: Intake; options: Options; signal: AbortSignal; say: Say },
): Promise<Report> {
  const { intake, options, signal, say } = run;
  const handOver = async (lines: readonly string[]): Promise<void> => {
    await mkdir(resolve(options.out), { recursive: true });
    await writeFile(join(resolve(options.out), "handed-over.txt"), `${lines.join("\n")}\n`);
  };
  const ask = options.isAsked ? (question: string) => askPerson(question, signal) : undefined;
  try {
    const followUps = await followUp(system, { report, intake }, { handOver, ask, signal });
    return followUps.length === 0 ? report : { ...report, followUps };
  } catch (error) {
    if (signal.aborted) throw error;
    say(`What is critical could not be followed up: ${oneLine(reasonOf(error))}`);
    return report;
  }
}

/** No answer within a minute is a no. */
async function askPerson(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(50_000)]);
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: within })).trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}

function msSince(fromMs: number): number {
  return Math.round(performance.now() - fromMs);
}

async function investigate(desk: Desk, intake: Intake, options: Options, signal: AbortSignal) {
  signal.throwIfAborted();
  const screen = options.isJson ? process.stderr : process.stdout;
  const { workers, mode, atMost } = options;
  const view = options.hasView
    ? showRun(desk.system, intake, { workers, screen, env: process.env })
    : undefined;
  const close = (): void => view?.close();
  // The words of an interruption come after the picture, not into it.
  signal.addEventListener("abort", close, { once: true });
  try {
    return await desk.investigate(intake, { mode, atMost, signal });
  } finally {
    close();
  }
}

function summarize(report: Report, page: string, say: Say): void {
  const { run, totals, crews } = report;
  say("");
  say(verdictOf(report));
  for (const finding of rankedFindings(report).slice(0, SUMMARY_MAX))
    say(`  ${finding.severity.padEnd(8)} ${finding.crew.padEnd(9)} ${oneLine(finding.title, 90)}`);
  const left = totals.critical + totals.warning + totals.info - SUMMARY_MAX;
  if (left > 0) say(`  and ${shownCount(left)} more in the report`);
  for (const { crew, status, error } of crews) {
    if (error !== undefined) say(`  ${crew} crew failed with ${error.code}: ${oneLine(error.reason)}`);
    if (status === "notAsked") say(`  ${crew} crew was not asked`);
    if (status === "idle") say(`  ${crew} crew had nothing to do`);
  }
  for (const { name, reason } of [...report.notAssigned, ...crews.flatMap(({ failures }) => failures)].slice(
    0,
    SUMMARY_MAX,
  ))
    say(`  not read ${oneLine(name)}: ${oneLine(reason)}`);
  for (const { task, about, by, insteadOf, status, says, asked } of report.followUps ?? []) {
    const who = insteadOf === undefined ? by : `${by} instead of ${insteadOf}`;
    const next = asked === undefined ? "" : `; ${asked} is asked`;
    say(`  ${task.replace("_", " ")} of ${oneLine(about)} by ${who}: ${status}, ${oneLine(says)}${next}`);
  }
  if (report.isCut) say("  There were more logs than one run takes; the others were not read.");
  say("");
  const rate = `${shownCount(run.linesPerSecond)} lines/s, ${shownBytes(run.bytesPerSecond)}/s`;
  say(
    `${shownCount(totals.lines)} lines, ${shownBytes(totals.bytes)} read in ${shownMs(run.workedMs)}: ${rate}; ${shownMs(run.tookMs)} in all`,
  );
  say(`Report: ${pathToFileURL(page).href}`);
}

process.exitCode = await main(process.argv.slice(2));
