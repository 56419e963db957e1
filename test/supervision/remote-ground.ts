import { type Env, realEnv } from "../../src/env/env.ts";
import { createSystem } from "../../src/index.ts";
import { testServer } from "../support/nats-server.ts";
import { catalogue } from "./catalogue.ts";
import type { Ground } from "./ground.ts";

/** Long enough that no node is taken for dead because the other's clock was put forward. */
const leaseMs = 600_000;

/**
 * Supervisors on one node, their children on another, over a real nats-server, in real time. Only the supervisors'
 * clock can be put forward, so that no test waits for a period to be over.
 */
export async function remoteGround(): Promise<Ground & AsyncDisposable> {
  const server = await testServer();
  let aheadMs = 0;
  const env: Env = { ...realEnv, monotonicMs: () => realEnv.monotonicMs() + aheadMs };
  const common = { name: "remote", servers: server.url, leaseMs, actors: catalogue, onReport: () => {} };
  const system = await createSystem({ ...common, node: "a", env });
  const other = await createSystem({ ...common, node: "b" });
  return {
    system,
    childNode: other.node,
    nowMs: env.monotonicMs,
    run: (work) => work,
    tick: () => new Promise(setImmediate),
    pass: async (ms) => {
      aheadMs += ms;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([system.drain(), other.drain()]);
      await server[Symbol.asyncDispose]();
    },
  };
}
