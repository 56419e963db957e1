import { createMemoryHub, createSystem } from "../../src/index.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";
import { catalogue } from "./catalogue.ts";
import type { Ground } from "./ground.ts";

/** How long anything may take, in simulated milliseconds. */
const waitMaxMs = 60_000;
/** How far time goes on once nothing is left to do, in milliseconds. */
const stepMs = 1;
/** How often there has to be nothing to do, as far as we see, before time goes on. */
const idleTurns = 6;

async function turns(env: SimulatedEnv): Promise<void> {
  for (let n = 0; n < idleTurns; n++) {
    env.settle();
    await new Promise(setImmediate);
  }
}

async function run<T>(env: SimulatedEnv, work: Promise<T>): Promise<T> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  work.then(end, end);
  const untilMs = env.monotonicMs() + waitMaxMs;
  for (await turns(env); !over; await turns(env)) {
    if (env.monotonicMs() > untilMs) throw new Error(`Expected an end within ${waitMaxMs} simulated ms`);
    env.advance(stepMs);
  }
  return work;
}

/** One node over the in-process transport, in simulated time. */
export async function localGround(): Promise<Ground & AsyncDisposable> {
  const env = simulatedEnv();
  const transport = createMemoryHub({ env }).connect();
  const options = { name: "local", node: "a", transport, env, actors: catalogue, onReport: () => {} };
  const system = await run(env, createSystem(options));
  return {
    system,
    childNode: undefined,
    nowMs: env.monotonicMs,
    run: (work) => run(env, work),
    tick: () => {
      env.advance(stepMs);
      return turns(env);
    },
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= 50) {
        env.advance(Math.min(50, left));
        await turns(env);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await run(env, system.drain());
      await run(env, transport.close());
    },
  };
}
