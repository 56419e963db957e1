import { type AnyMachineSnapshot, type AnyStateMachine, createMachine, emit, raise } from "xstate";
import { z } from "zod";
import { reply } from "../../machines/index.ts";
import { defineProtocol, question } from "../../protocols/index.ts";
import { Contents, InexpressibleError, only, required } from "./scxml-content.ts";
import { type Element, readXml } from "./scxml-reader.ts";

type Config = Record<string, unknown>;
const nodes = ["state", "parallel", "final"];
const ids = z.object({ ids: z.array(z.string()) });

/** A chart as a machine, and what may be said to it. */
export interface Chart {
  readonly machine: AnyStateMachine;
  readonly protocol: ReturnType<typeof chartProtocol>;
  /** The states without children that it is in, sorted. */
  configurationOf(snapshot: { readonly value: unknown }): string[];
}

/**
 * Makes a machine of an SCXML document. Which transition goes first is settled here, by the order of the document: each
 * state names each event of the document that it takes, so `*` and prefixes are gone.
 *
 * @param said the events that come from outside
 * @throws InexpressibleError for what is not understood: nothing is left out
 */
export function chartOf(text: string, said: readonly string[]): Chart {
  return new Converter(readXml(text), said).chart();
}

class Converter {
  readonly #root: Element;
  readonly #contents: Contents;
  readonly #alphabet: readonly string[];
  readonly #parents = new Map<Element, Element>();
  readonly #byId = new Map<string, Element>();
  readonly #keys = new Map<Element, string>();
  readonly #idOf = new Map<string, string>();

  constructor(root: Element, said: readonly string[]) {
    this.#root = only(
      root,
      ["xmlns", "version", "datamodel", "initial", "name"],
      [...nodes, "datamodel", "transition"],
    );
    if ((root.attributes.datamodel ?? "ecmascript") !== "ecmascript")
      throw new InexpressibleError(`the data model ${root.attributes.datamodel}`);
    const all = withAll(root);
    this.#contents = new Contents(all.filter(({ name }) => name === "datamodel"));
    const own = all.flatMap(({ name, attributes: { event = "" } }) =>
      ["transition", "raise", "send"].includes(name) ? words(event) : [],
    );
    const foreign = own.find((type) => type.startsWith("done."));
    if (foreign !== undefined) throw new InexpressibleError(`the event ${foreign}`);
    this.#alphabet = [...new Set([...said, ...own.filter((type) => !type.includes("*")), "error.execution"])];
    for (const parent of all) for (const child of parent.children) this.#parents.set(child, parent);
    const states = all.filter(({ name }) => [...nodes, "history"].includes(name));
    for (const [n, state] of states.entries()) {
      const { id = `unnamed${n}` } = state.attributes;
      // A dot parts the names of a path.
      const key = id.replaceAll(".", "$");
      if (this.#idOf.has(key)) throw new InexpressibleError(`two states named ${key}`);
      this.#idOf.set(key, id);
      this.#keys.set(state, key);
      this.#byId.set(id, state);
    }
  }

  chart(): Chart {
    const leaves = (value: unknown): string[] => {
      if (typeof value === "string") return [this.#idOf.get(value) as string];
      return Object.entries(value as object).flatMap(([key, below]) =>
        typeof below === "object" && Object.keys(below).length === 0
          ? [this.#idOf.get(key) as string]
          : leaves(below),
      );
    };
    const configurationOf = ({ value }: { readonly value: unknown }): string[] => leaves(value).sort();
    const look = ({ self }: { self: { getSnapshot(): unknown } }) => ({
      ids: configurationOf(self.getSnapshot() as AnyMachineSnapshot),
    });
    const tellIt = reply(look as never);
    const { on, ...rest } = this.#state(this.#root);
    const machine = createMachine({
      ...rest,
      id: "chart",
      options: { maxIterations: 1_000 },
      context: this.#contents.context,
      entry: this.#contents.isFaulty ? [raise({ type: "error.execution" })] : [],
      on: { ...(on as object), configuration: { actions: tellIt } },
    } as never) as unknown as AnyStateMachine;
    return { machine, protocol: chartProtocol(this.#alphabet), configurationOf };
  }

  #state(element: Element): Config {
    const { name } = element;
    if (name === "history") return this.#history(element);
    if (element !== this.#root) only(element, ["id", "initial"], inState);
    const states = element.children.filter((child) => this.#keys.has(child));
    const real = states.filter((child) => child.name !== "history");
    const isTop = this.#parents.get(element) === this.#root;
    const blocks = (kind: string): unknown[] =>
      element.children
        .filter((child) => child.name === kind)
        .map((block) => this.#contents.action(only(block, [], inBlock)));
    const ended = emit({ type: "ended", ids: [element.attributes.id ?? ""] });
    return {
      id: this.#keys.get(element),
      ...(name === "final" ? { type: "final" } : {}),
      ...(name === "parallel" ? { type: "parallel" } : {}),
      entry: [...blocks("onentry"), ...(name === "final" && isTop ? [ended] : [])],
      exit: blocks("onexit"),
      ...this.#transitions(element),
      ...this.#children(element, states, real),
    };
  }

  #children(element: Element, states: readonly Element[], real: readonly Element[]): Config {
    if (states.length === 0) return {};
    const below = Object.fromEntries(states.map((child) => [this.#keys.get(child), this.#state(child)]));
    if (element.name === "parallel") return { states: below };
    const child = element.children.find(({ name }) => name === "initial");
    const given = child === undefined ? element.attributes.initial : this.#initialIn(child);
    if (given === undefined) return { initial: this.#keys.get(real[0] as Element), states: below };
    const first = words(given);
    const [only, more] = first.map((id) => this.#find(id));
    if (more === undefined && only !== undefined && states.includes(only))
      return { initial: this.#keys.get(only), states: below };
    // XState begins in a child only: here one that leads at once to where the chart begins.
    const detour = `${this.#keys.get(element) ?? "chart"}$initial`;
    const always = { target: this.#targets(first) };
    return { initial: detour, states: { ...below, [detour]: { id: detour, always } } };
  }

  #initialIn(initial: Element): string {
    const [transition] = only(initial, [], ["transition"]).children;
    if (transition === undefined) throw new InexpressibleError("<initial> without a transition");
    return required(only(transition, ["target"]), "target");
  }

  #history(element: Element): Config {
    const { type: history = "shallow" } = only(element, ["id", "type"], ["transition"]).attributes;
    const [transition] = element.children;
    if (transition === undefined) throw new InexpressibleError("<history> without a default");
    const [target, more] = this.#targets(words(required(only(transition, ["target"]), "target")));
    if (more !== undefined) throw new InexpressibleError("<history> with several defaults");
    return { id: this.#keys.get(element), type: "history", history, target };
  }

  #transitions(element: Element): Config {
    const all = element.children
      .filter(({ name }) => name === "transition")
      .map((transition) => ({
        event: transition.attributes.event,
        config: this.#transition(element, transition),
      }));
    const on = this.#alphabet.flatMap((type) => {
      const taken = all.filter(({ event = "" }) => words(event).some((word) => covers(word, type)));
      return taken.length === 0 ? [] : [[type, taken.map(({ config }) => config)]];
    });
    const always = all.filter(({ event }) => event === undefined).map(({ config }) => config);
    return { on: Object.fromEntries(on), ...(always.length === 0 ? {} : { always }) };
  }

  #transition(source: Element, element: Element): Config {
    const { target, cond, type } = only(element, ["event", "target", "cond", "type"], inBlock).attributes;
    const targets = words(target ?? "");
    const isWithin = (id: string): boolean => {
      const found = this.#find(id);
      return found !== source && this.#ancestors(found).includes(source);
    };
    const isInternal = type === "internal" && source.name === "state" && targets.every(isWithin);
    return {
      ...(target === undefined ? {} : { target: this.#targets(targets), reenter: !isInternal }),
      ...(cond === undefined ? {} : { guard: this.#contents.guard(cond) }),
      ...(element.children.length === 0 ? {} : { actions: this.#contents.action(element) }),
    };
  }

  #targets(list: readonly string[]): string[] {
    return list.map((id) => `#${this.#keys.get(this.#find(id))}`);
  }

  #find(id: string): Element {
    const found = this.#byId.get(id);
    if (found === undefined) throw new InexpressibleError(`the target ${id}, which is nowhere`);
    return found;
  }

  #ancestors(element: Element): Element[] {
    const parent = this.#parents.get(element);
    return parent === undefined ? [] : [parent, ...this.#ancestors(parent)];
  }
}

const inBlock = ["raise", "send", "assign", "log", "if", "foreach"];
const inState = [...nodes, "history", "initial", "onentry", "onexit", "transition", "datamodel"];

function chartProtocol(alphabet: readonly string[]) {
  const outside = alphabet.filter((type) => !type.startsWith("error."));
  return defineProtocol({
    name: "chart",
    accepts: {
      ...(Object.fromEntries(outside.map((type) => [type, z.object({})])) as Record<never, never>),
      configuration: question(z.object({}), ids),
    },
    emits: { ended: ids },
  });
}

function withAll(element: Element): Element[] {
  return [element, ...element.children.flatMap(withAll)];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Whether a descriptor takes an event: `error` and `error.*` take `error.execution`. */
function covers(descriptor: string, type: string): boolean {
  const prefix = descriptor.replace(/\.?\*?$/, "");
  return prefix === "" || type === prefix || type.startsWith(`${prefix}.`);
}
