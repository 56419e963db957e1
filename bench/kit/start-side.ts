import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Asked, Figures, SideConfig, Told } from "./serve-side.ts";

/** How long one round, or a start, may take, in milliseconds. */
const roundMaxMs = 180_000;

export interface SideSpec {
  readonly name: string;
  /** In `bench/`. */
  readonly file: string;
  /** The processes of this side, in the order in which they start; the last one measures. */
  readonly roles: readonly string[];
  /** Needs the packages in `bench/peers`. */
  readonly peer?: true;
  /** Needs this program; left out where it is not installed. */
  readonly program?: string;
}

export interface RunningSide {
  readonly spec: SideSpec;
  round(name: string): Promise<Figures>;
  close(): Promise<void>;
}

/** Starts the processes of a side, one after another. They end when they are closed, or when this process does. */
export async function startSide(
  spec: SideSpec,
  config: Omit<SideConfig, "index" | "side" | "pids"> & { readonly serverPid: number },
): Promise<RunningSide> {
  const processes: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of processes.reverse()) await end(child);
  };
  try {
    for (const [index, role] of spec.roles.entries()) {
      const { serverPid: server, ...same } = config;
      const others = processes.map(({ pid = 0 }) => pid);
      const child = launch(spec, role, { ...same, side: spec.name, index, pids: { server, others } });
      processes.push(child);
      await answerOf(child, spec.name);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const measuring = processes.at(-1) as ChildProcess;
  return {
    spec,
    close,
    round: async (name) => {
      measuring.send({ round: name } satisfies Asked);
      const told = await answerOf(measuring, spec.name);
      return "figures" in told ? told.figures : {};
    },
  };
}

function launch(spec: SideSpec, role: string, config: SideConfig): ChildProcess {
  const path = fileURLToPath(new URL(`../${spec.file}`, import.meta.url));
  return fork(path, [role, JSON.stringify(config)], {
    execArgv: ["--expose-gc", "--no-warnings", ...(process.env.BENCH_NODE_OPTIONS?.split(" ") ?? [])],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

function answerOf(child: ChildProcess, name: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`${name} did not answer in ${roundMaxMs} ms`)),
      roundMaxMs,
    );
    const exited = (code: number | null): void => settle(new Error(`${name} ended with ${code}`));
    const settle = (outcome: Told | Error): void => {
      clearTimeout(timer);
      child.off("message", settle).off("exit", exited);
      if (outcome instanceof Error) reject(outcome);
      else if ("failed" in outcome) reject(new Error(`${name}: ${outcome.failed}`));
      else resolve(outcome);
    };
    child.on("message", settle).on("exit", exited);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.connected) {
    child.send({ close: true } satisfies Asked);
    await Promise.race([answerOf(child, "close").catch(() => {}), waitMs(5_000)]);
  }
  child.kill("SIGKILL");
  await exited;
}

function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
