import type { CrewOutcome } from "../desk.ts";
import type { Intake } from "../intake.ts";
import { type Crew, type Finding, findingsOf, type LogFacts, type Severity } from "../logs/index.ts";
import type { CrewResult, FileFailure } from "../tasks.ts";
import { perSecond } from "../text.ts";

/** Counts up whenever a member changes its meaning or goes away. */
export const schemaVersion = 1;

/** What a crew found: of each kind of log the facts, and what they mean. */
export interface CrewReport {
  readonly crew: Crew;
  readonly status: CrewOutcome["status"];
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly reason: string };
  readonly files: CrewResult["files"];
  /** Files it could not read. */
  readonly failures: readonly FileFailure[];
  readonly groups: readonly {
    readonly label: string;
    readonly facts: LogFacts;
    readonly findings: readonly Finding[];
  }[];
  readonly totals: { readonly lines: number; readonly bytes: number };
}

/** Everything a run found. Plain data: written down as JSON, and shown as HTML. */
export interface Report {
  readonly schemaVersion: typeof schemaVersion;
  readonly madeAtMs: number;
  readonly run: RunFacts & { readonly linesPerSecond: number; readonly bytesPerSecond: number };
  readonly totals: Readonly<Record<"files" | "failedFiles" | "lines" | "bytes" | Severity, number>>;
  /** Of the entries that have a time. */
  readonly time?: { readonly firstMs: number; readonly lastMs: number };
  readonly crews: readonly CrewReport[];
  /** Files nobody could look into. */
  readonly notAssigned: readonly FileFailure[];
  /** Whether there were more logs than one run takes. */
  readonly isCut: boolean;
  /** What the desk had done about what is critical; absent where nothing is. */
  readonly followUps?: readonly FollowUp[];
}

/** One thing the desk wanted done after a run, and what became of it. */
export interface FollowUp {
  readonly task: "second_look" | "hand_over";
  readonly about: string;
  /** Who did it, or was to. */
  readonly by: string;
  /** Who was asked first, and had no room. */
  readonly insteadOf?: string;
  readonly status: "done" | "refused" | "failed" | "expired" | "revoked";
  readonly says: string;
  /** Who decides next, where the desk may not. */
  readonly asked?: string;
}

export interface RunFacts {
  readonly system: string;
  readonly server: string;
  readonly mode: "parallel" | "sequence";
  readonly workers: number;
  readonly areCrewsApart: boolean;
  /** From the start to the last fact, with the server's start. */
  readonly tookMs: number;
  /** How long the crews were at work. */
  readonly workedMs: number;
}

/** Adds up what the crews found. Every number comes from facts. */
export function reportOf(
  run: RunFacts,
  intake: Intake,
  outcomes: readonly CrewOutcome[],
  madeAtMs: number,
): Report {
  const crews = outcomes.map(crewReportOf);
  const sum = (of: (crew: CrewReport) => number) => crews.reduce((total, crew) => total + of(crew), 0);
  const lines = sum(({ totals }) => totals.lines);
  const bytes = sum(({ totals }) => totals.bytes);
  const severities = crews.flatMap(findingsIn).map(({ severity }) => severity);
  const count = (wanted: Severity) => severities.filter((severity) => severity === wanted).length;
  return {
    schemaVersion,
    madeAtMs,
    run: {
      ...run,
      linesPerSecond: perSecond(lines, run.workedMs),
      bytesPerSecond: perSecond(bytes, run.workedMs),
    },
    totals: {
      files: sum(({ files }) => files.length),
      failedFiles: sum(({ failures }) => failures.length) + intake.failures.length,
      lines,
      bytes,
      critical: count("critical"),
      warning: count("warning"),
      info: count("info"),
    },
    ...timeOf(crews),
    crews,
    notAssigned: intake.failures,
    isCut: intake.isCut,
  };
}

function findingsIn({ groups }: CrewReport): Finding[] {
  return groups.flatMap(({ findings }) => findings);
}

function crewReportOf(outcome: CrewOutcome): CrewReport {
  const { crew, status } = outcome;
  const none = { crew, status, files: [], failures: [], groups: [], totals: { lines: 0, bytes: 0 } };
  if (status === "failed") return { ...none, error: { code: outcome.code, reason: outcome.reason } };
  if (status !== "done") return none;
  const { files, failures, groups } = outcome.result;
  const total = (of: "lines" | "bytes") => files.reduce((sum, file) => sum + file[of], 0);
  return {
    ...none,
    files,
    failures,
    groups: groups.map(({ label, facts }) => ({ label, facts, findings: findingsOf(facts) })),
    totals: { lines: total("lines"), bytes: total("bytes") },
    ...(files.length === 0 && {
      status: "failed",
      error: { code: "NO_FILE_READ", reason: `None of its ${failures.length} files could be read` },
    }),
  };
}

function timeOf(crews: readonly CrewReport[]): Pick<Report, "time"> {
  const times = crews.flatMap(({ groups }) => groups.map(({ facts }) => facts.time));
  const firsts = times.flatMap(({ firstMs }) => firstMs ?? []);
  const lasts = times.flatMap(({ lastMs }) => lastMs ?? []);
  if (firsts.length === 0) return {};
  return { time: { firstMs: Math.min(...firsts), lastMs: Math.max(...lasts) } };
}

/** The findings of all crews, the most severe first, with where they were found. */
export function rankedFindings(report: Report): (Finding & { crew: Crew; label: string })[] {
  const ranks: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };
  return report.crews
    .flatMap(({ crew, groups }) =>
      groups.flatMap(({ label, findings }) => findings.map((finding) => ({ ...finding, crew, label }))),
    )
    .sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}
