import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { CoxswainError, quote } from "../../../protocols/index.ts";
import { acceleratedOf } from "../../xstate/accelerate.ts";
import {
  childrenOf,
  createRoot,
  deliver,
  isActor,
  isMachine,
  isOutgoing,
  isStopped,
  replaceSnapshot,
  startNow,
} from "../../xstate/internals.ts";
import { loopedError } from "../../xstate/looped.ts";
import type { AnySnapshot, LocalActor } from "../../xstate/tree-host.ts";
import { type Ending, endEvent, type PureLogic, type Stepped, threw, type Word } from "./pure-logic.ts";
import { nameOf, TreeRecorder } from "./tree-recorder.ts";

const depthMax = 200;

/**
 * A machine with machines or reducers as its children. For each step their tree is built again from what they were,
 * as real XState actors, and left as it is after it.
 */
export class PureTree implements PureLogic {
  readonly #machine: AnyStateMachine;
  readonly #address: string;

  constructor(machine: AnyStateMachine, address: string) {
    this.#machine = machine;
    this.#address = address;
    acceleratedOf(machine);
  }

  first(input: unknown): Stepped {
    const tree = new TreeRecorder(() => false);
    const options = { id: this.#address, input, snapshot: undefined };
    const root = createRoot(this.#machine, tree.system, options);
    root.start();
    return this.#over(root, tree, []);
  }

  next(at: AnyMachineSnapshot, event: AnyEventObject, to: string): Stepped {
    return this.#step(at, (tree) => {
      const actor = tree.at(to);
      if (actor !== undefined) deliver(actor, event);
    });
  }

  ended(at: AnyMachineSnapshot, child: string, ending: Ending, isHidden: boolean): Stepped {
    return this.#step(at, (tree) => {
      const actor = isHidden ? undefined : tree.at(child);
      if (actor !== undefined) return endWith(actor, ending);
      const cut = child.lastIndexOf("/");
      const parent = tree.at(child.slice(0, Math.max(cut, 0)));
      if (parent !== undefined) deliver(parent, endEvent(child.slice(cut + 1), ending));
    });
  }

  takes(at: AnyMachineSnapshot, event: AnyEventObject): boolean {
    return acceleratedOf(this.#machine).takes(at, event);
  }

  hears(at: AnyMachineSnapshot, event: AnyEventObject): boolean {
    return this.takes(at, event);
  }

  postpones(at: AnyMachineSnapshot, type: string): boolean {
    return acceleratedOf(this.#machine).configurationOf(at).postpones(type);
  }

  #step(at: AnyMachineSnapshot, run: (tree: TreeRecorder) => void): Stepped {
    const taken = namesIn(at);
    const tree = new TreeRecorder((name) => taken.has(name));
    tree.isRestoring = true;
    const snapshot = this.#machine.getPersistedSnapshot(at);
    const root = createRoot(this.#machine, tree.system, { id: this.#address, input: undefined, snapshot });
    root.start();
    tree.isRestoring = false;
    const calls = tree.actors().filter(({ logic }) => isOutgoing(logic));
    run(tree);
    return this.#over(root, tree, calls);
  }

  /** @param calls those that ran before */
  #over(root: LocalActor, tree: TreeRecorder, calls: readonly LocalActor[]): Stepped {
    if (tree.looped) return threw(loopedError());
    tree.reap();
    const stopped = calls.filter((call) => isStopped(call) && !tree.finished.includes(call));
    const words: Word[] = stopped.map((call) => ({ kind: "stop", child: nameOf(call) }));
    const snapshot = root.getSnapshot() as AnyMachineSnapshot;
    // Its first snapshot could not be made.
    if (snapshot.machine === undefined) return threw(snapshot.error);
    if (snapshot.status === "active") this.#check(tree);
    return { snapshot, words: [...words, ...tree.words], error: undefined };
  }

  /** That the tree can be built again. @throws MACHINE_INVALID */
  #check(tree: TreeRecorder): void {
    const actors = tree.actors();
    const invalid = (text: string): CoxswainError =>
      new CoxswainError("MACHINE_INVALID", `Expected ${text}; or make it a member that is told and asked`);
    for (const lost of tree.adoptedActors) {
      if (isStopped(lost) || actors.includes(lost)) continue;
      throw invalid(`one child ${quote(nameOf(lost))} of ${this.#address} at a time, got another`);
    }
    for (const actor of actors) {
      const name = quote(nameOf(actor));
      if (actor !== actors[0] && typeof actor.src !== "string") {
        throw invalid(`the child ${name} of ${this.#address} to be spawned by a name that setup gives to it`);
      }
      if (!isMachine(actor.logic)) continue;
      const children = childrenOf(actor);
      const { context } = actor.getSnapshot() as AnyMachineSnapshot;
      const stranger = strangerIn(context, children);
      if (stranger === undefined) continue;
      const who = name === '""' ? this.#address : `${name} of ${this.#address}`;
      throw invalid(`the context of ${who} to hold no actor but its own children, got ${stranger.id}`);
    }
  }
}

/** What XState does with an actor that has ended before it is started: its parent hears of it. */
function endWith(call: LocalActor, ending: Ending): void {
  const { kind } = ending;
  const end = kind === "done" ? { output: ending.output } : { error: ending.error };
  replaceSnapshot(call, { ...call.getSnapshot(), status: kind, ...end } as AnySnapshot);
  startNow(call);
}

function namesIn({ children }: AnyMachineSnapshot): Set<string> {
  const names = new Set<string>();
  const add = (all: Readonly<Record<string, unknown>>): void => {
    for (const [id, child] of Object.entries(all)) {
      names.add(id);
      add(childrenOf(child as LocalActor));
    }
  };
  add(children);
  return names;
}

/** An actor in a context which its machine does not have as a child. */
function strangerIn(
  value: unknown,
  children: Readonly<Record<string, unknown>>,
  depth = 0,
): LocalActor | undefined {
  if (typeof value !== "object" || value === null || depth > depthMax) return undefined;
  if (isActor(value)) return children[value.id] === value ? undefined : value;
  for (const inner of Object.values(value)) {
    const stranger = strangerIn(inner, children, depth + 1);
    if (stranger !== undefined) return stranger;
  }
  return undefined;
}
