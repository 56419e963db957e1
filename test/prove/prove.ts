import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as timer } from "node:timers/promises";
import { type CheckLimits, check } from "./checker/check.ts";
import type { Finding } from "./checker/finding.ts";
import { carryOut } from "./faults/carry-out.ts";
import {
  type FaultKind,
  type FaultRow,
  faultKinds,
  faultPlan,
  faultTable,
  type PlannedFault,
} from "./faults/fault-plan.ts";
import { type Counts, Fleet } from "./fleet/fleet.ts";
import { readClientLog, writeHistory } from "./history/folder.ts";
import type { FaultLine, History } from "./history/lines.ts";
import { machineMs } from "./machine-clock.ts";
import type { ProveOptions } from "./options.ts";

/** What a run has shown. */
export interface Report {
  readonly options: ProveOptions;
  readonly counts: Counts;
  readonly faults: readonly FaultLine[];
  /** Kinds that could not be carried out here, and why. */
  readonly skipped: readonly string[];
  readonly findings: readonly Finding[];
  /** What should never happen, besides: a node that ends by itself. */
  readonly problems: readonly string[];
  /** From when all was healed until nothing was missing, in milliseconds. */
  readonly settledMs: number;
  /** Where the logs of all processes lie; undefined where they were not kept. */
  readonly folder: string | undefined;
}

/** One run, from empty stores. When the signal aborts, faults end, and what was done so far is checked. */
export async function prove(
  options: ProveOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "coxswain-prove-"));
  const { kinds, skipped } = kindsFor(options);
  const needsProxy = kinds.some((kind) => viaProxy.has(kind));
  const fleet = await Fleet.start({
    ...options,
    folder,
    proxies: needsProxy,
    namespace: kinds.some((kind) => kind === "partition" || kind === "loss"),
  });
  let history: History;
  let settledMs: number;
  let counts: Counts;
  try {
    const missing = {
      partition: fleet.withoutNamespace && `no namespaces here (${fleet.withoutNamespace})`,
      loss: fleet.withoutLoss && `packets cannot be lost here (${fleet.withoutLoss})`,
    } as Partial<Record<FaultKind, string>>;
    const possible = kinds.filter((kind) => missing[kind] === undefined);
    for (const kind of kinds) if (missing[kind] !== undefined) skipped.push(`${kind}: ${missing[kind]}`);
    fleet.begin();
    const faults = await strike(fleet, possible, options, say, signal);
    say("all is healed; the last messages are worked on");
    const healedMs = machineMs();
    await fleet.end(options.patienceMs);
    counts = await fleet.counts();
    history = await settled(fleet, folder, faults, options);
    settledMs = machineMs() - healedMs;
    await writeHistory(folder, history);
  } finally {
    await fleet[Symbol.asyncDispose]();
  }
  const findings = check(history, limitsOf(options));
  const { problems } = fleet;
  const kept = options.keep || findings.length > 0 || problems.length > 0;
  if (!kept) await rm(folder, { recursive: true, force: true });
  const { faults } = history;
  return {
    options,
    counts,
    faults,
    skipped,
    findings,
    problems,
    settledMs,
    folder: kept ? folder : undefined,
  };
}

/** Budgets for a take-over: a node's lease and then some; and the time in which three servers choose a leader. */
function limitsOf({ leaseMs, servers, lateMs }: ProveOptions): CheckLimits {
  return {
    timers: { earlyMs: 5, turnMs: 250, takeOverMs: leaseMs + (servers === 3 ? 17_000 : 3_000), lateMs },
  };
}

const viaProxy: ReadonlySet<FaultKind> = new Set(["lostAck", "doubled", "reset", "stall", "slow"]);

/** The kinds a run is to carry out, and those left out because of how it is set up. */
function kindsFor({ faults, servers }: ProveOptions): { kinds: FaultKind[]; skipped: string[] } {
  const wanted = faults ?? faultKinds;
  const without = wanted.filter((kind) => {
    const row: FaultRow = faultTable[kind];
    return row.needs === "cluster" && servers === 1;
  });
  return {
    kinds: wanted.filter((kind) => !without.includes(kind)),
    skipped: without.map((kind) => `${kind}: needs --servers 3`),
  };
}

/** Carries out the plan until the time is over. Resolves when all is healed. */
async function strike(
  fleet: Fleet,
  kinds: readonly FaultKind[],
  { seconds, seed, gapMs }: ProveOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FaultLine[]> {
  const startMs = machineMs();
  const over = seconds === 0 ? signal : AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
  const lines: FaultLine[] = [];
  const underWay = new Set<Promise<void>>();
  const strikeOne = async (fault: PlannedFault): Promise<void> => {
    const atMs = machineMs();
    const victim = await carryOut(fault, fleet, over);
    if (victim !== undefined) lines.push({ kind: fault.kind, victim, atMs, untilMs: machineMs() });
  };
  const progress = async (): Promise<void> => {
    const { sent, taken, unknown, refused } = await fleet.counts();
    const elapsed = Math.round((machineMs() - startMs) / 1_000);
    say(
      `${elapsed} s: ${sent} sent, ${taken} taken, ${unknown} unknown, ${refused} refused; ${lines.length} faults`,
    );
  };
  const telling = setInterval(() => void progress().catch(() => {}), 2_000);
  for (const fault of faultPlan({ seed, kinds, gapMs })) {
    await timer(fault.gapMs, undefined, { signal: over }).catch(() => {});
    if (over.aborted) break;
    const struck: Promise<void> = strikeOne(fault).finally(() => underWay.delete(struck));
    underWay.add(struck);
  }
  if (kinds.length === 0) await aborted(over);
  await Promise.all(underWay);
  clearInterval(telling);
  return lines;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** So long nothing changes any more: the longest timer of the client, a lease, and the time to take over. */
const stillMs = 25_000;

/**
 * The history once nothing is missing, and a while later still not: what is doubled comes late. Where something is missing, once
 * nothing has changed for long; or when patience is over.
 */
async function settled(
  fleet: Fleet,
  folder: string,
  faults: readonly FaultLine[],
  options: ProveOptions,
): Promise<History> {
  const { patienceMs } = options;
  const untilMs = machineMs() + patienceMs;
  const client = await readClientLog(folder);
  let clean = 0;
  let before = "";
  let changedMs = machineMs();
  for (;;) {
    const [effects, states] = await Promise.all([fleet.effects(), fleet.states()]);
    const history = { client, effects, states, commits: fleet.commits, faults };
    clean = check(history, limitsOf(options)).length === 0 ? clean + 1 : 0;
    const now = JSON.stringify([effects.length, states]);
    if (now !== before) changedMs = machineMs();
    before = now;
    const isOver = machineMs() > Math.min(untilMs, changedMs + stillMs);
    if (clean === 3 || isOver) return history;
    await timer(1_500);
  }
}
