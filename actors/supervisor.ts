import { type SupervisorInput, supervisorMachine } from "../machines/index.ts";
import {
  type ChildSpecInput,
  CoxswainError,
  quote,
  type SupervisorFlagsInput,
  supervision,
} from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";
import { handsOf } from "./supervisor-hands.ts";

/** A child in a tree that is written down: as {@link ChildSpecInput}, with the definition itself or a name. */
export interface ChildLiteral extends Omit<ChildSpecInput, "actor" | "input"> {
  /** A definition; or a name of the supervisor's own `actors`, or of the catalogue of the node that starts it. */
  readonly actor: ActorDefinition | string;
  readonly input?: unknown;
}

/** What a child's input has to be: what its definition wants. Checked by the compiler alone. */
type Fitting<C> = C extends { readonly actor: ActorDefinition<infer _P, infer I> }
  ? undefined extends I
    ? { readonly input?: I }
    : { readonly input: I }
  : unknown;

/** A supervisor and its children, in the order in which they start. */
export interface SupervisorTree extends SupervisorFlagsInput {
  readonly children: readonly ChildLiteral[];
  /** Definitions by name, for children that are added at run time as data. */
  readonly actors?: Readonly<Record<string, ActorDefinition>>;
}

/**
 * A supervisor: OTP's, as an actor like any other. `system.spawn` resolves when all its children are up, and rejects
 * if one does not come up; a supervisor may be the child of another. At run time it takes the questions of the
 * protocol `supervision`. It lives as long as it can bear its children's failures: more than `intensity` restarts within
 * `periodMs`, and it stops them all and ends, for its own supervisor to decide.
 *
 * A function makes the tree anew from the input at each start; `"ignore"` declines to start.
 *
 * @example
 * const shop = defineSupervisor({
 *   strategy: "rest_for_one",
 *   children: [
 *     { id: "stock", actor: stock, input: { shelf: "a" } },
 *     { id: "tills", actor: defineSupervisor({ children: [{ id: "one", actor: till }] }) },
 *   ],
 * });
 * await system.spawn("shop", shop);
 *
 * @throws SUPERVISOR_INVALID for a definition that is to run on another node: code does not travel. Flags and specs are
 * judged at each start, which they fail with the same code.
 */
export function defineSupervisor<const C extends readonly ChildLiteral[]>(
  tree: Omit<SupervisorTree, "children"> & {
    readonly children: { readonly [K in keyof C]: C[K] & Fitting<C[K]> };
  },
): ActorDefinition<typeof supervision, undefined>;
export function defineSupervisor<I>(
  tree: (input: I) => SupervisorTree | "ignore",
): ActorDefinition<typeof supervision, I>;
export function defineSupervisor(
  tree: SupervisorTree | ((input: never) => SupervisorTree | "ignore"),
): ActorDefinition<typeof supervision> {
  const own = new Map<string, ActorDefinition>();
  const name = (child: ChildLiteral): ChildSpecInput => {
    const { actor } = child;
    if (typeof actor !== "object") return child as ChildSpecInput;
    if (child.node !== undefined) {
      throw new CoxswainError(
        "SUPERVISOR_INVALID",
        `Expected the name of an actor for child ${quote(child.id)}, which is to run on another node; code does not travel`,
        { details: { fault: "missing_actor" } },
      );
    }
    const type = actor.protocol === supervision ? "supervisor" : "worker";
    return { type, ...child, actor: keep(own, child.id, actor) };
  };
  const dataOf = (made: SupervisorTree | "ignore"): Omit<SupervisorInput, "self"> => {
    if (made === "ignore") return { children: made };
    const { actors = {}, children, ...flags } = made;
    for (const [known, actor] of Object.entries(actors)) own.set(known, actor);
    // What is no list is the machine's to refuse.
    return { flags, children: Array.isArray(children) ? children.map(name) : (children as never) };
  };
  const fixed = typeof tree === "function" ? undefined : dataOf(tree);
  const hands = handsOf((actor) => own.get(actor) as ActorDefinition | undefined);
  return defineActor({
    protocol: supervision,
    machine: supervisorMachine.provide({ actors: { hands } }),
    inputOf: (given: unknown, { self, owner }): SupervisorInput => ({
      self,
      ...(owner === undefined ? {} : { supervisor: owner }),
      ...(fixed ?? dataOf((tree as (input: unknown) => SupervisorTree | "ignore")(given))),
    }),
  });
}

/** A definition by a name of its own: the child's id, unless another definition has that. */
function keep(own: Map<string, ActorDefinition>, id: string, actor: ActorDefinition): string {
  let name = id;
  for (let n = 2; own.has(name) && own.get(name) !== actor; n++) name = `${id}#${n}`;
  own.set(name, actor);
  return name;
}
