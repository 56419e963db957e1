import type { Env } from "../../../src/env/env.ts";
import {
  type ActorDefinition,
  type ActorSystem,
  createMemoryHub,
  createSystem,
  type Report,
  type SystemOptions,
} from "../../../src/index.ts";
import type { Transport } from "../../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../../support/simulated-env.ts";

export interface DurableNode {
  readonly system: ActorSystem;
  /** As SIGKILL does: nothing of it runs any more, nothing is told to anybody. */
  kill(): void;
  /** As SIGSTOP and SIGCONT do: time passes without it. */
  pause(): void;
  resume(): void;
}

/** Nodes of one system in one process, on one in-process hub, in virtual time. */
export interface DurableCluster extends AsyncDisposable {
  readonly env: SimulatedEnv;
  readonly reports: Report[];
  join(
    node: string,
    actors: Readonly<Record<string, ActorDefinition>>,
    /** `wallOffsetMs`: how far its wall clock is set wrong. */
    options?: Partial<SystemOptions> & { readonly wallOffsetMs?: () => number },
  ): Promise<DurableNode>;
  /** Lets virtual time pass in small steps, and the promises in between run. */
  pass(ms: number): Promise<void>;
  /** What the promise gives; time passes meanwhile. */
  settled<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  /** Lets time pass until it is so. */
  until(so: () => boolean, withinMs?: number): Promise<void>;
}

const stepMs = 5;

export function durableCluster(
  options: { readonly wrap?: (transport: Transport, node: string) => Transport } = {},
): DurableCluster {
  const env = simulatedEnv({ seed: 7 });
  const hub = createMemoryHub({ env });
  const reports: Report[] = [];
  const systems: ActorSystem[] = [];
  const killed = new Set<ActorSystem>();
  const step = async (): Promise<void> => {
    env.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) await step();
  };
  const settled = async <T>(promise: Promise<T>, withinMs = 60_000): Promise<T> => {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    for (let leftMs = withinMs; !over; leftMs -= stepMs) {
      if (leftMs <= 0) throw new Error(`Not settled within ${withinMs} ms`);
      await step();
    }
    return promise;
  };
  return {
    env,
    reports,
    pass,
    settled,
    until: async (so, withinMs = 60_000) => {
      for (let leftMs = withinMs; !so(); leftMs -= stepMs) {
        if (leftMs <= 0) throw new Error(`Not so within ${withinMs} ms: ${so}`);
        await step();
      }
    },
    join: async (node, actors, { wallOffsetMs = () => 0, ...more } = {}) => {
      // Its first characters alone must be unique, too: they are a node's incarnation.
      const uniqueId = (): string =>
        Array.from({ length: 22 }, () => Math.floor(env.random() * 36).toString(36)).join("");
      const own = stoppable({ ...env, uniqueId, nowMs: () => env.nowMs() + wallOffsetMs() });
      const transport = hub.connect();
      const system = await settled(
        createSystem({
          name: "test",
          node,
          leaseMs: 600,
          transport: options.wrap?.(transport, node) ?? transport,
          env: own.env,
          actors,
          onReport: (report) => void reports.push(report),
          ...more,
        }),
      );
      systems.push(system);
      return {
        system,
        kill: () => {
          own.stop();
          killed.add(system);
          void transport.close();
        },
        pause: own.stop,
        resume: own.go,
      };
    },
    [Symbol.asyncDispose]: async () => {
      const living = systems.filter((system) => !killed.has(system));
      await settled(Promise.all(living.map((system) => system.drain({ withinMs: 100 }))));
    },
  };
}

/** What is due while it is stopped runs when it goes on. */
function stoppable(env: Env): { readonly env: Env; stop(): void; go(): void } {
  let stopped = false;
  let missed: (() => void)[] = [];
  const guarded = (run: () => void) => (): void => {
    if (stopped) missed.push(run);
    else run();
  };
  return {
    env: {
      ...env,
      setTimer: (delayMs, run) => {
        let cancelled = false;
        const timer = env.setTimer(
          delayMs,
          guarded(() => cancelled || run()),
        );
        const cancel = (): void => {
          cancelled = true;
          timer.cancel();
        };
        return { cancel };
      },
      soon: (run) => env.soon(guarded(run)),
    },
    stop: () => {
      stopped = true;
    },
    go: () => {
      stopped = false;
      const late = missed;
      missed = [];
      for (const run of late) run();
    },
  };
}
