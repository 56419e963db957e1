import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, InspectionEvent } from "xstate";

/** Which states and transitions of a machine were seen, of all it has. */
export class Coverage {
  readonly #machine: AnyStateMachine;
  readonly #taken = new Set<AnyTransitionDefinition>();
  readonly #entered = new Set<AnyStateNode>();

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** An actor's `inspect`. */
  readonly watch = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.microstep" && event.type !== "@xstate.snapshot") return;
    const { _nodes: nodes = [] } = event.snapshot as { _nodes?: readonly AnyStateNode[] };
    for (const node of nodes) if (node.machine === this.#machine) this.#entered.add(node);
    if (event.type === "@xstate.microstep")
      for (const transition of event._transitions) {
        this.#taken.add(transition);
        // Left again at once, it shows in no snapshot.
        if (transition.source.machine === this.#machine) this.#entered.add(transition.source);
      }
  };

  /** What was never seen: `state machine.idle`, or `machine.idle: carriedOut (1)`, the second for this event. */
  missing(): string[] {
    const nodes = nodesOf(this.#machine.root);
    return nodes.flatMap((node) => [
      ...(this.#entered.has(node) ? [] : [`state ${node.id}`]),
      ...choicesOf(node).flatMap((choices) =>
        choices.flatMap((transition, n) =>
          this.#taken.has(transition) ? [] : [`${node.id}: ${transition.eventType || "always"} (${n})`],
        ),
      ),
    ]);
  }
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

/** The transitions for each event, and those without. */
function choicesOf(node: AnyStateNode): (readonly AnyTransitionDefinition[])[] {
  return [...node.transitions.values(), node.always ?? []];
}
