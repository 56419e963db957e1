import { setTimeout as pause } from "node:timers/promises";
import type { ActorDefinition, ActorSystem } from "coxswain";
import { decideApproval, delegate, delegationActors, worker } from "coxswain/actors";
import { actorAddress, type DelegationRequestInput, type DelegationResult } from "coxswain/protocols";
import { deskRules } from "./follow-up-rules.ts";
import type { Intake } from "./intake.ts";
import { type Crew, readLog } from "./logs/index.ts";
import { type FollowUp, type Report, rankedFindings } from "./report/index.ts";
import { crews, type LogFile, logFile } from "./tasks.ts";
import { reasonOf, shownCount } from "./text.ts";

export interface FollowUpOptions {
  /** Takes what is handed over, a line a finding. */
  readonly handOver: (lines: readonly string[]) => Promise<void>;
  /** Asks a person. Without one nobody is there, and the gate's default holds, which is no. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined;
  readonly signal?: AbortSignal;
}

/** Files that are read twice, at most; and how often a place is looked for. */
const LOOKS_MAX = 16;
const TRIES_MAX = 60;
const RETRY_MS = 250;

const desk = actorAddress("desk.duty");
const onCall = actorAddress("oncall");
const secondOf = (crew: Crew) => actorAddress(`second.${crew}`);

/** What the desk's delegations need to be hosted. Nobody waits long for a person who is not asked. */
export function deskActors(isAsked: boolean): Readonly<Record<string, ActorDefinition>> {
  return delegationActors({
    rules: deskRules,
    lastsMaxMs: 300_000,
    keptMs: 600_000,
    approvalWithinMs: isAsked ? 60_000 : 2_000,
  });
}

/**
 * What follows a run: each file with something critical is read again by a second reader, and what is critical is handed over to
 * whoever is on call. The desk decides neither alone: it delegates under {@link deskRules}. A reader has room for one file; what
 * finds it busy goes to another that has room. Handing over waits for a person; what may not be climbs a ladder.
 */
export async function followUp(
  system: ActorSystem,
  { report, intake }: { readonly report: Report; readonly intake: Intake },
  { handOver, ask, signal }: FollowUpOptions,
): Promise<FollowUp[]> {
  const critical = rankedFindings(report).filter(({ severity }) => severity === "critical");
  if (critical.length === 0) return [];
  const role = { authority: "PIPELINE_COLLABORATOR", capacity: 1 } as const;
  const nothing = worker(() => null);
  await system.spawn(desk, nothing, { role: { authority: "STAGE_COORDINATOR" } });
  for (const crew of crews) {
    const reader = worker((job) =>
      linesIn(logFile.parse((job.task as { readonly payload?: unknown }).payload), job.signal),
    );
    await system.spawn(secondOf(crew), reader, { role: { ...role, skills: { second_look: 1 } } });
  }
  const lines = critical.map(({ crew, title }) => `${crew}: ${title}`);
  await system.spawn(
    onCall,
    worker(() => handOver(lines)),
    { role: { authority: "DATA_PROCESSOR", skills: { hand_over: 1 } } },
  );
  const run = report.madeAtMs.toString(36);
  const files = criticalFiles(report, intake).slice(0, LOOKS_MAX);
  const looks = await Promise.all(
    files.map(([crew, file, first], n) =>
      lookAgain(system, `${run}-look${n}`, { crew, file, first }, signal),
    ),
  );
  signal?.throwIfAborted();
  return [...looks, await handOverTo(system, `${run}-handover`, lines, ask)];
}

/** The files of the kinds of log in which something critical was found, with the lines that were read of each. */
function criticalFiles(report: Report, intake: Intake): [Crew, LogFile, number][] {
  return report.crews.flatMap(({ crew, groups, files }) => {
    const names = groups.flatMap(({ facts, findings }) =>
      findings.some(({ severity }) => severity === "critical") ? facts.paths : [],
    );
    return [...new Set(names)].flatMap((name): [Crew, LogFile, number][] => {
      const file = intake.files[crew].find((each) => each.name === name);
      const lines = files.find((each) => each.name === name)?.lines;
      return file === undefined || lines === undefined ? [] : [[crew, file, lines]];
    });
  });
}

async function linesIn({ path, format }: LogFile, signal: AbortSignal): Promise<number> {
  return (await readLog(path, { format, signal })).lines;
}

interface Look {
  readonly crew: Crew;
  readonly file: LogFile;
  /** Lines that were read the first time. */
  readonly first: number;
}

/** Whoever is busy is not waited for where another has room. */
async function lookAgain(
  system: ActorSystem,
  id: string,
  { crew, file, first }: Look,
  signal: AbortSignal | undefined,
): Promise<FollowUp> {
  const own = secondOf(crew);
  let to = own;
  for (let tries = 1; ; tries++) {
    const request: DelegationRequestInput = {
      from: desk,
      to,
      task: { type: "second_look", payload: file },
      resources: { storage: file.sizeBytes / 1e9 },
    };
    const { decision, result } = await delegate(system, request, { id: `${id}-${tries}` });
    const known = {
      task: "second_look",
      about: file.name,
      by: to,
      ...(to === own ? {} : { insteadOf: own }),
    } as const;
    if (decision.ok)
      return { ...known, ...cameOf(await result(), (lines) => comparison(first, Number(lines))) };
    if (decision.check !== "capacity" || tries === TRIES_MAX) return { ...known, ...refusal(decision) };
    const [another] = decision.alternatives;
    to = another?.address ?? own;
    if (another === undefined) await pause(RETRY_MS, undefined, { ...(signal && { signal }) });
  }
}

function comparison(first: number, second: number): string {
  return first === second
    ? `the same ${shownCount(first)} lines`
    : `${shownCount(second)} lines, ${shownCount(first)} before: it is still written to`;
}

async function handOverTo(
  system: ActorSystem,
  id: string,
  lines: readonly string[],
  ask: FollowUpOptions["ask"],
): Promise<FollowUp> {
  const known = {
    task: "hand_over",
    about: `${shownCount(lines.length)} critical findings`,
    by: onCall,
  } as const;
  const task = { type: "hand_over", payload: {} };
  const { decision, result } = await delegate(system, { from: desk, to: onCall, task }, { id });
  if (!decision.ok) return { ...known, ...refusal(decision) };
  if (ask !== undefined) {
    const approve = await ask(`Hand over ${known.about} to ${onCall}?`);
    await decideApproval(system, id, { approve, by: "operator" });
  }
  return { ...known, ...cameOf(await result(), () => "handed over") };
}

type Ending = Pick<FollowUp, "status" | "says" | "asked">;

function cameOf(ended: DelegationResult, says: (result: unknown) => string): Ending {
  if (ended.status === "done") return { status: "done", says: says(ended.result) };
  if (ended.status === "refused" && !ended.decision.ok) return refusal(ended.decision);
  return { status: ended.status, says: "reason" in ended ? reasonOf(ended.reason) : ended.status };
}

function refusal({ reason, escalationPath }: { reason: string; escalationPath: readonly string[] }): Ending {
  const [asked] = escalationPath;
  return { status: "refused", says: reason, ...(asked === undefined ? {} : { asked }) };
}
