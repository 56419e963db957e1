import { type Runtime, Session } from "node:inspector";
import { queryObjects, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fromCallback } from "xstate";
import { defineProtocol } from "../../protocols/index.ts";
import { Cell } from "../../src/cell.ts";
import { type Env, realEnv } from "../../src/env/env.ts";
import { Family } from "../../src/family.ts";
import { type ActorSystem, defineActor } from "../../src/index.ts";
import { Life } from "../../src/life.ts";
import type { Node } from "../../src/node.ts";
import { Watchers } from "../../src/watches.ts";
import { callContextOf } from "../../src/xstate/host.ts";

/** The machine's own environment, which knows what timers are set. */
export function countingEnv(): Env & { readonly pendingTimers: number } {
  const pending = new Set<object>();
  return {
    ...realEnv,
    setTimer: (delayMs, run) => {
      const token = {};
      pending.add(token);
      const timer = realEnv.setTimer(delayMs, () => {
        pending.delete(token);
        run();
      });
      return {
        cancel: () => {
          pending.delete(token);
          timer.cancel();
        },
      };
    },
    get pendingTimers() {
      return pending.size;
    },
  };
}

type Private = Runtime.PropertyDescriptor;
const subject = Symbol.for("coxswain.test.leftovers");

/** How much the private maps and sets of an object hold, by their names; a debugger's view, since nothing else sees them. */
export function heldBy(object: object): Record<string, number> {
  const shared = globalThis as unknown as Record<symbol, unknown>;
  const session = new Session();
  session.connect();
  shared[subject] = object;
  const held: Record<string, number> = {};
  try {
    const expression = `globalThis[Symbol.for(${JSON.stringify(subject.description)})]`;
    session.post("Runtime.evaluate", { expression }, (_, { result }) => {
      const { objectId } = result;
      if (objectId === undefined) return;
      session.post("Runtime.getProperties", { objectId, ownProperties: true }, (_, found) => {
        // Missing in the types, and there since Node 12.
        const { privateProperties = [] } = found as typeof found & { privateProperties?: Private[] };
        for (const { name, value } of privateProperties) {
          const size = /^(?:Map|Set)\((\d+)\)$/.exec(value?.description ?? "")?.[1];
          if (size !== undefined) held[name] = Number(size);
        }
      });
    });
  } finally {
    delete shared[subject];
    session.disconnect();
  }
  return held;
}

const inside = defineProtocol({ name: "inside", accepts: {} });

/** The node behind a system, as no user sees it. */
export async function nodeOf(system: ActorSystem): Promise<Node> {
  let node: Node | undefined;
  const logic = fromCallback(({ self }) => {
    node = (callContextOf(self)?.cell as Cell | undefined)?.node;
  });
  const ref = await system.spawn("insider", defineActor({ protocol: inside, machine: logic }));
  await ref.stop();
  if (node === undefined) throw new Error("Expected a cell to know its node");
  return node;
}

/** Objects in memory, of all systems of this thread. */
export function living(): Record<string, number> {
  const counts = [Cell, Life, Watchers, Family].map(
    (kind) => [kind.name, queryObjects(kind, { format: "count" })] as const,
  );
  return Object.fromEntries(counts);
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

export function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
