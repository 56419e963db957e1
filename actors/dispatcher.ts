import { type DispatcherInput, dispatcherMachine } from "../machines/index.ts";
import { dispatching } from "../protocols/index.ts";
import { type ActorDefinition, type DurabilityOptions, defineActor } from "../src/index.ts";

/**
 * A dispatcher: one queue before several workers, which speak `work`. Workers enrol with it, or pull; who gets what, and what
 * is moved, its settings say. Durable, it is addressed by the name it has in `actors` and a key, and loses no task when its process
 * dies: what was begun is asked for again under the same key.
 *
 * @example
 * const ref = await system.spawn("desk", dispatcher({ by: "skillAndHistory", withinMs: 30_000 }));
 * ref.tell({ type: "enrol", worker: actorAddress("crew.1"), capacity: 2, skills: { logs: 0.9 } });
 * const { result } = await ref.ask({ type: "dispatch", id: "t-1", taskType: "logs", task: { file: "a" } });
 */
export function dispatcher(
  settings: DispatcherInput = {},
  kept: { readonly durability?: "volatile" | "durable" | DurabilityOptions } = {},
): ActorDefinition<typeof dispatching> {
  return defineActor({
    protocol: dispatching,
    machine: dispatcherMachine,
    inputOf: () => settings,
    ...kept,
  }) as ActorDefinition<typeof dispatching>;
}
