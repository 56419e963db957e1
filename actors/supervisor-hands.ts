import { fromCallback } from "xstate";
import {
  type Actors,
  actorsOf,
  type CarriedOut,
  type Halt,
  type Plan,
  type StartStep,
  type Up,
} from "../machines/index.ts";
import { type ActorOutcome, toWireError } from "../protocols/index.ts";
import type { ActorDefinition } from "../src/index.ts";

type Stopped = CarriedOut["stopped"][number];
type Failed = NonNullable<CarriedOut["failed"]>;

/**
 * The hands of a supervisor: they carry out one plan, and tell what came of it. They decide nothing.
 * `named` finds the supervisor's own definitions; other names are those of the node that starts the child.
 */
export function handsOf(named: (actor: string) => ActorDefinition | undefined) {
  return fromCallback<Halt, Plan>(({ input: plan, sendBack, receive, self, system }) => {
    const actors = actorsOf(self, system);
    const halting = new AbortController();
    let over = false;
    receive(() => halting.abort());
    void carryOut(plan, actors, named, halting.signal).then((result) => {
      over = true;
      sendBack(result);
    });
    // An abort makes an error with a stack trace, which nobody needs once the plan is carried out.
    return () => {
      if (!over) halting.abort();
    };
  });
}

async function carryOut(
  plan: Plan,
  actors: Actors,
  named: (actor: string) => ActorDefinition | undefined,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const stopped = await stopAll(plan, actors, signal);
  const started: Up[] = [];
  const ignored: StartStep["address"][] = [];
  let failed: Failed | undefined;
  for (const step of plan.start) {
    if (signal.aborted || failed !== undefined) break;
    try {
      const one = await start(step, actors, named, signal);
      if (one === "ignored") ignored.push(step.address);
      else started.push(one);
    } catch (error) {
      if (!signal.aborted) failed = { address: step.address, error: toWireError(error) };
    }
  }
  return {
    type: "carriedOut",
    stopped,
    started,
    ignored,
    ...(failed === undefined ? {} : { failed }),
    halted: signal.aborted,
    atMs: actors.monotonicMs(),
    chance: actors.random(),
  };
}

async function stopAll({ stop, parallelMs }: Plan, actors: Actors, signal: AbortSignal): Promise<Stopped[]> {
  const end = async ({ address, activation }: Plan["stop"][number], limit: Plan["parallelMs"]) => {
    const outcome: ActorOutcome = await actors.stop({ address, activation }, limit ?? 0, "shutdown");
    return { address, outcome };
  };
  if (parallelMs !== undefined) return Promise.all(stop.map((step) => end(step, parallelMs)));
  const stopped: Stopped[] = [];
  for (const step of stop) {
    if (signal.aborted) break;
    stopped.push(await end(step, step.limit));
  }
  return stopped;
}

/** Tries the nodes in their order; the last one's error counts. */
async function start(
  step: StartStep,
  actors: Actors,
  named: (actor: string) => ActorDefinition | undefined,
  signal: AbortSignal,
): Promise<Up | "ignored"> {
  const { address, actor, input, startWithinMs, nodes = [undefined] } = step;
  let last: unknown;
  for (const node of nodes) {
    const code = node === undefined ? (named(actor) ?? actor) : actor;
    try {
      const begun = await actors.start({ address, actor: code, input, node, startWithinMs, signal });
      if (begun.kind === "ignored") return "ignored";
      const { activation, info } = begun;
      return {
        address,
        activation,
        ...(info === undefined ? {} : { info }),
        ...(node === undefined ? {} : { node }),
      };
    } catch (error) {
      last = error;
      if (signal.aborted) break;
    }
  }
  throw last;
}
