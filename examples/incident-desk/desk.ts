import { type ActorSystem, createSystem, type Report, type SystemOptions } from "coxswain";
import { coordinator, startCrew, worker } from "coxswain/actors";
import type { Branch, BranchResult } from "coxswain/protocols";
import { type CrewProcess, startCrewProcess } from "./crew-process.ts";
import { filesOf, type Intake } from "./intake.ts";
import { lead } from "./lead.ts";
import type { Crew } from "./logs/index.ts";
import { read } from "./read-task.ts";
import { type CrewResult, type CrewTask, crewResult, crews } from "./tasks.ts";
import { reasonOf } from "./text.ts";

export interface DeskOptions extends Pick<SystemOptions, "servers" | "transport" | "onReport" | "actors"> {
  /** The crews to start; default all. */
  readonly crews?: readonly Crew[];
  /** Readers in each crew. */
  readonly workers: number;
  /** The system's name; default "incident-desk". */
  readonly name?: string;
  /** Whether each crew gets a process of its own. Needs a server that another process can reach. */
  readonly areCrewsApart?: boolean;
  /** How long a run may take, in milliseconds; default one hour. */
  readonly withinMs?: number;
}

export interface RunOptions {
  /** `parallel`: all crews, at most `atMost` at a time. `sequence`: one after the other, until something fails. */
  readonly mode: "parallel" | "sequence";
  readonly atMost?: number;
  readonly signal?: AbortSignal;
}

/** What became of a crew's work. */
export type CrewOutcome = { readonly crew: Crew } & (
  | { readonly status: "done"; readonly result: CrewResult }
  | { readonly status: "failed"; readonly code: string; readonly reason: string }
  /** There was nothing for it to do. */
  | { readonly status: "idle" }
  /** A crew before it failed, and the run was a sequence. */
  | { readonly status: "notAsked" }
);

export interface Desk extends AsyncDisposable {
  readonly system: ActorSystem;
  /** The crews' processes, where they have their own. */
  readonly processes: readonly CrewProcess[];
  /** Lets the crews read what they were assigned. Settles with what became of each, whichever failed. */
  investigate(intake: Intake, options: RunOptions): Promise<CrewOutcome[]>;
  /** Ends the crews, then the system. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the desk: a coordinator at `desk`, a lead for each crew at `desk.<crew>`, and the crews at their own names
 * with their readers below, `database.worker1`, here or each in its own process.
 */
export async function startDesk(options: DeskOptions): Promise<Desk> {
  const { workers, areCrewsApart = false, withinMs = 3_600_000 } = options;
  const started = options.crews ?? crews;
  const { name = "incident-desk", servers, transport, actors, onReport = ignore } = options;
  const system = await createSystem({
    name,
    node: "desk",
    onReport,
    ...(servers !== undefined && { servers }),
    ...(transport !== undefined && { transport }),
    ...(actors !== undefined && { actors }),
  });
  const processes: CrewProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(processes.map((crew) => crew.close()));
    await system.drain({ withinMs: 1_000 });
  };
  const startApart = async (crew: Crew): Promise<void> => {
    // What the system itself was told: the URL it reports holds no password.
    const reachable = servers ?? process.env.NATS_URL ?? system.url;
    const order = { system: name, crew, workers, withinMs, servers: reachable };
    processes.push(
      await startCrewProcess(order, (message) => onReport({ level: "warning", message } satisfies Report)),
    );
  };
  const startHere = async (crew: Crew): Promise<unknown> =>
    startCrew(system, crew, { size: workers, perform: read, withinMs });
  try {
    await settledAll(started.map(areCrewsApart ? startApart : startHere));
    const desk = await system.spawn("desk", coordinator);
    for (const crew of started)
      await system.spawn(`desk.${crew}`, worker(lead(system, crew, { workers, withinMs })));
    const investigate = async (intake: Intake, run: RunOptions): Promise<CrewOutcome[]> => {
      const branches = branchesOf(intake, run.mode);
      if (branches.length === 0) return outcomesOf(intake, []);
      const { mode, atMost = crews.length, signal } = run;
      const asked = desk.ask(
        { type: "run", branches, mode, atMost, withinMs },
        { withinMs, ...(signal !== undefined && { signal }) },
      );
      return outcomesOf(intake, (await asked).results);
    };
    return { system, processes, investigate, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function ignore(): void {}

/** Waits for all, so that none is left starting when one fails. */
async function settledAll(starting: readonly Promise<unknown>[]): Promise<void> {
  for (const start of await Promise.allSettled(starting)) if (start.status === "rejected") throw start.reason;
}

function branchesOf(intake: Intake, mode: RunOptions["mode"]): Branch[] {
  const whenAFileFails = mode === "sequence" ? "stop" : "goOn";
  return filesOf(intake).flatMap(([crew, files]) => {
    const task: CrewTask = { files: [...files], whenAFileFails };
    return files.length === 0 ? [] : [{ name: crew, to: `desk.${crew}`, task }];
  });
}

function outcomesOf(intake: Intake, results: readonly BranchResult[]): CrewOutcome[] {
  return filesOf(intake).map(([crew, files]): CrewOutcome => {
    if (files.length === 0) return { crew, status: "idle" };
    const branch = results.find(({ name }) => name === crew);
    if (branch === undefined) return { crew, status: "notAsked" };
    if (!branch.ok) return { crew, status: "failed", code: branch.code, reason: branch.reason };
    const checked = crewResult.safeParse(branch.result);
    if (checked.success) return { crew, status: "done", result: checked.data };
    return { crew, status: "failed", code: "REPLY_INVALID", reason: reasonOf(checked.error) };
  });
}
