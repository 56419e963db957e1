import { type AnyStateMachine, type AnyStateNode, createMachine } from "xstate";
import { statesOf } from "../../xstate/machine-parts.ts";

/** A machine with one small fault, as somebody might make it. */
export interface Mutant<M extends AnyStateMachine = AnyStateMachine> {
  /** `idle: add (2) leads to done`, `idle: add without its guard`. */
  readonly name: string;
  readonly kind: "target" | "guard" | "order" | "actions" | "missing";
  readonly machine: M;
}

type Config = { [key: string]: unknown };
/** Where in a machine's definition a list of transitions stands. */
interface Slot {
  readonly node: AnyStateNode;
  /** As it is written, and as XState calls it. */
  readonly event: string;
  readonly type: string;
  readonly path: readonly string[];
}

/**
 * A machine's mutants: each transition once with another target, without its guard, without its actions, behind the next
 * one for the same event, and missing. A suite of tests that some of them pass does not look at what they change; or
 * the change makes no difference.
 *
 * @example mutantsOf(machine).filter(({ machine }) => survives(machine))
 */
export function mutantsOf<M extends AnyStateMachine>(machine: M): Mutant<M>[] {
  const make = (
    name: string,
    kind: Mutant["kind"],
    slot: Slot,
    change: (list: Config[]) => Config[],
  ): Mutant<M> => {
    const config = copy(machine.config) as Config;
    const home = slot.path.slice(0, -1).reduce((at, key) => at[key] as Config, config);
    const last = slot.path.at(-1) as string;
    home[last] = change(listOf(home[last]));
    const made = createMachine(config as never).provide(machine.implementations as never) as unknown as M;
    return { name: `${slot.node.id}: ${name}`, kind, machine: made };
  };
  return statesOf(machine).flatMap((node) =>
    slotsOf(node).flatMap((slot) => {
      const list = listOf(slot.path.reduce((at: unknown, key) => (at as Config)[key], machine.config));
      return list.flatMap((transition, n) => {
        const which = `${slot.event}${list.length > 1 ? ` (${n + 1})` : ""}`;
        const put = (part: Config) => (all: Config[]) => all.with(n, { ...all[n], ...part });
        const without = (key: string) => (all: Config[]) =>
          all.with(n, Object.fromEntries(Object.entries(all[n] as Config).filter(([name]) => name !== key)));
        const other = otherTarget(slot, n);
        return [
          ...(other === undefined
            ? []
            : [make(`${which} leads to ${other.key}`, "target", slot, put({ target: `#${other.id}` }))]),
          ...("guard" in transition
            ? [make(`${which} without its guard`, "guard", slot, without("guard"))]
            : []),
          ...(n + 1 < list.length ? [make(`${which} after the next`, "order", slot, swapped(n))] : []),
          ...("actions" in transition
            ? [make(`${which} without its actions`, "actions", slot, without("actions"))]
            : []),
          make(`${which} is missing`, "missing", slot, (all) => all.toSpliced(n, 1)),
        ];
      });
    }),
  );
}

function swapped(n: number): (list: Config[]) => Config[] {
  return (list) => list.toSpliced(n, 2, list[n + 1] as Config, list[n] as Config);
}

function slotsOf(node: AnyStateNode): Slot[] {
  const path = node.path.flatMap((key) => ["states", key]);
  const { on, after, always, onDone, invoke } = node.config as Config;
  const slot = (event: string, type: string, ...below: string[]): Slot => ({
    node,
    event,
    type,
    path: [...path, ...below],
  });
  const calls = Array.isArray(invoke) ? invoke : invoke === undefined ? [] : [invoke];
  return [
    ...Object.keys((on ?? {}) as Config).map((event) => slot(event, event, "on", event)),
    ...Object.keys((after ?? {}) as Config).map((delay) =>
      slot(`after ${delay}`, `xstate.after.${delay}.${node.id}`, "after", delay),
    ),
    ...(always === undefined ? [] : [slot("always", "", "always")]),
    ...(onDone === undefined ? [] : [slot("onDone", `xstate.done.state.${node.id}`, "onDone")]),
    ...calls.flatMap((call: Config, n) => {
      const { id = "", src = "" } = (node.invoke[n] ?? {}) as { id?: string; src?: unknown };
      const home = Array.isArray(invoke) ? ["invoke", String(n)] : ["invoke"];
      const types = {
        onDone: `done.actor.${id}`,
        onError: `error.actor.${id}`,
        onSnapshot: `snapshot.${id}`,
      };
      return Object.entries(types).flatMap(([key, type]) =>
        call[key] === undefined ? [] : [slot(`${src} ${key}`, `xstate.${type}`, ...home, key)],
      );
    }),
  ];
}

/** The transitions of one slot, each as an object. */
function listOf(slot: unknown): Config[] {
  const list = Array.isArray(slot) ? slot : slot === undefined ? [] : [slot];
  return list.map((one) => (typeof one === "string" ? { target: one } : { ...(one as Config) }));
}

/** The state beside the target. */
function otherTarget({ node, type }: Slot, n: number): AnyStateNode | undefined {
  const defined = type === "" ? node.always : node.transitions.get(type);
  const [target, more] = (defined?.[n]?.target ?? []) as readonly AnyStateNode[];
  if (target === undefined || more !== undefined) return undefined;
  const siblings = Object.values((target.parent?.states ?? {}) as Record<string, AnyStateNode>);
  const next = siblings[(siblings.indexOf(target) + 1) % siblings.length];
  return next === target ? undefined : next;
}

/** A definition without its functions copied. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]));
}
