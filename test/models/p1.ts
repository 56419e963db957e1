import { lowWater } from "../../machines/durability/high-water.ts";
import type { DurabilitySteps } from "./durability-steps.ts";
import { keyOf, type Log, type P1Bounds, type P1Server, type P1State } from "./p1-state.ts";
import { nextOf } from "./p1-world.ts";

/** The model P1: from where it begins, what may happen, and what has to hold. */
export function p1(bounds: P1Bounds, steps: DurabilitySteps, server: P1Server = { atomic: true }) {
  const { messages, nodes, epochs, crashes, doubles, unknowns } = bounds;
  const all = Array.from({ length: messages }, (_, i) => i + 1);
  const start: P1State = {
    inbox: all,
    acknowledged: [],
    store: undefined,
    nodes: Array.from({ length: nodes }, () => ({ up: true, todo: [] })),
    lagging: [],
    net: [],
    target: { water: lowWater, log: [] },
    staleWrite: false,
    left: { epochs, crashes, doubles, unknowns },
  };
  return {
    init: [start],
    next: (state: P1State) => nextOf(state, bounds, steps, server),
    key: keyOf(bounds.folded ?? true),
    safe: {
      "each message is applied once, in order": ({ store }: P1State) => isPrefix(store?.record.state ?? []),
      "each effect is applied once, in order": ({ target }: P1State) => isPrefix(target.log),
      "no effect without its commit": ({ store, net, target }: P1State) => {
        const committed = store?.record.state ?? [];
        return [...net.map(({ message }) => message), ...target.log].every((it) => committed.includes(it));
      },
      "no acknowledgement without its commit": ({ store, acknowledged, inbox }: P1State) =>
        acknowledged.every((entry) => store?.record.state.includes(inbox[entry] as number)),
      "no write of a past epoch": ({ staleWrite }: P1State) => !staleWrite,
    },
    reachable: {
      "everything is applied, acknowledged and delivered": ({
        store,
        target,
        acknowledged,
        inbox,
      }: P1State) =>
        store?.record.state.length === messages &&
        target.log.length === messages &&
        acknowledged.length === inbox.length,
    },
    mayEnd: () => true,
  };
}

function isPrefix(log: Log): boolean {
  return log.every((message, i) => message === i + 1);
}
