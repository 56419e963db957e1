import { vi } from "vitest";
import {
  type AnyMachineSnapshot,
  createActor,
  type ExecutableActionObject,
  initialTransition,
  SimulatedClock,
  transition,
} from "xstate";
import { type ActorDefinition, type ActorSystem, defineActor } from "../../../../src/index.ts";
import type { Chart } from "../../../support/scxml-machine.ts";

/** A script of a test: what the chart is in first, and after each event. */
export interface Script {
  readonly initialConfiguration: readonly string[];
  readonly events: readonly {
    readonly event: { readonly name: string };
    /** Milliseconds before the event. */
    readonly after?: number;
    readonly nextConfiguration: readonly string[];
  }[];
}

/** The configurations a chart was in: at first, and after each event. */
export type Way = (chart: Chart, script: Script) => Promise<string[][]>;

/** As XState runs it. */
export const plainly: Way = async ({ machine, configurationOf }, { events }) => {
  const clock = new SimulatedClock();
  const actor = createActor(machine, { clock });
  // XState rethrows what nobody observes on a later tick, where it would end the process.
  actor.subscribe({ error: () => {} });
  actor.start();
  const seen = [configurationOf(actor.getSnapshot())];
  for (const { event, after = 0 } of events) {
    clock.increment(after);
    actor.send({ type: event.name } as never);
    seen.push(configurationOf(actor.getSnapshot()));
  }
  actor.stop();
  return seen;
};

type Stepped = readonly [AnyMachineSnapshot, readonly Pick<ExecutableActionObject, "type" | "params">[]];

/** All there is of a chart at rest, as text. XState leaves timers out of its snapshots: they are kept beside it. */
export interface Stored {
  readonly snapshot: object;
  readonly timers: readonly { readonly type: string; readonly dueMs: number }[];
}

/** Stored after each event and timer; the next one goes to what is made of the text. */
export const stored: Way = storedBy((whole) => whole);

/** @param kept what of it is written down */
export function storedBy(kept: (whole: Stored) => Stored): Way {
  return async ({ machine, configurationOf }, { events }) => {
    let nowMs = 0;
    let text = "";
    const store = ([snapshot, actions]: Stepped, timers: Stored["timers"]): void => {
      const added = actions.flatMap(({ type, params }) => {
        const { delay, event } = (params ?? {}) as { delay?: number; event?: { type: string } };
        if (type !== "xstate.raise" || delay === undefined || event === undefined) return [];
        return [{ type: event.type, dueMs: nowMs + delay }];
      });
      const plain = machine.getPersistedSnapshot(snapshot) as object;
      text = JSON.stringify(kept({ snapshot: plain, timers: [...timers, ...added] }));
    };
    const restore = () => {
      const { snapshot, timers } = JSON.parse(text) as Stored;
      const actor = createActor(machine, { snapshot: snapshot as never });
      return { snapshot: actor.getSnapshot() as AnyMachineSnapshot, timers };
    };
    const take = (type: string, timers: Stored["timers"]): void => {
      const { snapshot } = restore();
      // One that is done takes nothing more, its timers neither.
      if (snapshot.status !== "active") return store([snapshot, []], []);
      store(transition(machine, snapshot, { type }), timers);
    };
    const pass = (ms: number): void => {
      const untilMs = nowMs + ms;
      for (;;) {
        const timers = restore().timers.toSorted((a, b) => a.dueMs - b.dueMs);
        const [next] = timers;
        if (next === undefined || next.dueMs > untilMs) break;
        nowMs = next.dueMs;
        take(next.type, timers.slice(1));
      }
      nowMs = untilMs;
    };

    store(initialTransition(machine), []);
    const seen = [configurationOf(restore().snapshot)];
    for (const { event, after = 0 } of events) {
      pass(after);
      take(event.name, restore().timers);
      seen.push(configurationOf(restore().snapshot));
    }
    return seen;
  };
}

/** As an actor of one system, driven by another over whatever they speak. */
export function remotely(host: ActorSystem, other: ActorSystem): Way {
  let charts = 0;
  return async ({ machine, protocol }, { events }) => {
    const address = `chart${charts++}`;
    const ref = other.ref(address, protocol);
    let ended: string[] | undefined;
    using _ = ref.on("ended", ({ ids }) => {
      ended = [...ids].sort();
    });
    const look = async (): Promise<string[]> => {
      try {
        return (await ref.ask({ type: "configuration" })).ids;
      } catch (error) {
        // Nobody is there any more: it has said how it ended. That may be under way: the server that finds nobody is faster.
        return await vi.waitFor(() => ended ?? Promise.reject(error), { interval: 1, timeout: 5_000 });
      }
    };
    // The server has answered that nobody is there: it knows of the subscription, too.
    await ref.ask({ type: "configuration" }).catch(() => {});
    await host.spawn(address, defineActor({ protocol, machine: machine as never }) as ActorDefinition);
    const seen = [await look()];
    for (const { event, after } of events) {
      // The chart's own timers run meanwhile: the script's time, not a wait for something.
      if (after !== undefined) await new Promise((resolve) => setTimeout(resolve, after));
      ref.tell({ type: event.name } as never);
      seen.push(await look());
    }
    if (ended === undefined) await ref.stop();
    return seen;
  };
}
