import { compileFunction } from "node:vm";
import { enqueueActions } from "xstate";
import type { Element } from "./scxml-reader.ts";

/** What a chart has that a machine cannot do, or this converter does not. */
export class InexpressibleError extends Error {
  override readonly name = "InexpressibleError";
}

export type Data = Record<string, unknown>;
export interface DataContext {
  readonly data: Data;
}
interface Moment {
  readonly data: Data;
  readonly event: { readonly type: string };
}
type Expression = (moment: Moment) => unknown;

/** What a chart said aloud: an event for itself, now or later. */
interface Raised {
  readonly type: string;
  readonly delayMs?: number;
}
type Step = (moment: Moment, raised: Raised[]) => void;

/** Holds an element to what is understood, so that nothing is left out silently. */
export function only(
  element: Element,
  attributes: readonly string[],
  children: readonly string[] = [],
): Element {
  const foreign = Object.keys(element.attributes).find((key) => !attributes.includes(key));
  if (foreign !== undefined) throw new InexpressibleError(`<${element.name} ${foreign}>`);
  const child = element.children.find(({ name }) => !children.includes(name));
  if (child !== undefined) throw new InexpressibleError(`<${child.name}> in <${element.name}>`);
  return element;
}

export function required({ name, attributes }: Element, key: string): string {
  const value = attributes[key];
  if (value === undefined) throw new InexpressibleError(`<${name}> without ${key}`);
  return value;
}

/** The executable contents of one chart, over its data. */
export class Contents {
  readonly #ids: readonly string[];
  readonly #first: Data;
  /** Whether the data could not all be computed: an error the chart may take. */
  readonly isFaulty: boolean;

  constructor(models: readonly Element[]) {
    const all = models.flatMap((model) => only(model, [], ["data"]).children);
    const items = all.flatMap(({ children, attributes }) => {
      if (children.length > 0) throw new InexpressibleError("<data> with content");
      return [{ id: attributes.id ?? "", expr: attributes.expr }];
    });
    for (const each of all) only(each, ["id", "expr"]);
    this.#ids = items.map(({ id }) => id);
    this.#first = Object.fromEntries(this.#ids.map((id) => [id, undefined]));
    let isFaulty = false;
    for (const { id, expr } of items) {
      try {
        if (expr !== undefined)
          this.#first[id] = this.#expression(expr)({ data: this.#first, event: { type: "" } });
      } catch {
        isFaulty = true;
      }
    }
    this.isFaulty = isFaulty;
  }

  get context(): () => DataContext {
    return () => ({ data: structuredClone(this.#first) });
  }

  /** @throws InexpressibleError for one that is not even a program: a guard has no way to raise an error. */
  guard(text: string): (args: { context: DataContext; event: { type: string } }) => boolean {
    try {
      this.#compiled(text);
    } catch (error) {
      throw new InexpressibleError(`the condition "${text}": ${(error as Error).message}`);
    }
    const evaluate = this.#expression(text);
    return ({ context, event }) => Boolean(evaluate({ data: context.data, event }));
  }

  /** One block as one action. What fails in it ends the block and is raised as `error.execution`. */
  action(block: Element) {
    const steps = this.#steps(block.children);
    return enqueueActions(({ context, event, enqueue }) => {
      const data = structuredClone((context as DataContext).data);
      const raised: Raised[] = [];
      try {
        for (const step of steps) step({ data, event }, raised);
      } catch {
        raised.push({ type: "error.execution" });
      }
      enqueue.assign({ data } as never);
      for (const { type, delayMs } of raised)
        enqueue.raise({ type } as never, delayMs === undefined ? {} : { delay: delayMs });
    });
  }

  #expression(text: string): Expression {
    let run: ((...values: unknown[]) => unknown) | undefined;
    return ({ data, event }) => {
      run ??= this.#compiled(text);
      return run(...this.#ids.map((id) => data[id]), { name: event.type }, "session");
    };
  }

  #compiled(text: string): (...values: unknown[]) => unknown {
    return compileFunction(`return (${text}\n);`, [...this.#ids, "_event", "_sessionid"]) as never;
  }

  #steps(elements: readonly Element[]): Step[] {
    return elements.map((element) => this.#step(element));
  }

  #step(element: Element): Step {
    const { name, children } = element;
    if (name === "if") return this.#branches(only(element, ["cond"], executable));
    if (name === "foreach") return this.#loop(only(element, ["array", "item", "index"], executable));
    if (children.length > 0) throw new InexpressibleError(`<${name}> with content`);
    if (name === "raise") {
      const type = required(only(element, ["event"]), "event");
      return (_, raised) => void raised.push({ type });
    }
    if (name === "send") {
      const type = required(only(element, ["event", "delay"]), "event");
      const delayMs = milliseconds(required(element, "delay"));
      return (_, raised) => void raised.push({ type, delayMs });
    }
    if (name === "assign") {
      const location = required(only(element, ["location", "expr"]), "location");
      const evaluate = this.#expression(required(element, "expr"));
      return (moment) => this.#put(moment.data, location, evaluate(moment));
    }
    if (name !== "log") throw new InexpressibleError(`<${name}>`);
    const { expr = "undefined" } = only(element, ["label", "expr"]).attributes;
    const evaluate = this.#expression(expr);
    return (moment) => void evaluate(moment);
  }

  #put(data: Data, location: string, value: unknown): void {
    if (!this.#ids.includes(location)) throw new Error(`${location} is not declared`);
    data[location] = value;
  }

  #branches(element: Element): Step {
    const branches = [{ holds: this.#expression(required(element, "cond")), children: [] as Element[] }];
    for (const child of element.children) {
      if (child.name === "elseif")
        branches.push({ holds: this.#expression(required(only(child, ["cond"]), "cond")), children: [] });
      else if (child.name === "else") branches.push({ holds: () => only(child, []), children: [] });
      else branches.at(-1)?.children.push(child);
    }
    const ready = branches.map(({ holds, children }) => ({ holds, steps: this.#steps(children) }));
    return (moment, raised) => {
      const branch = ready.find(({ holds }) => Boolean(holds(moment)));
      for (const step of branch?.steps ?? []) step(moment, raised);
    };
  }

  #loop(element: Element): Step {
    const list = this.#expression(required(element, "array"));
    const item = required(element, "item");
    const { index } = element.attributes;
    const steps = this.#steps(element.children);
    return (moment, raised) => {
      for (const [n, value] of [...(list(moment) as unknown[])].entries()) {
        this.#put(moment.data, item, value);
        if (index !== undefined) this.#put(moment.data, index, n);
        for (const step of steps) step(moment, raised);
      }
    };
  }
}

const executable = ["raise", "send", "assign", "log", "if", "elseif", "else", "foreach"];

function milliseconds(text: string): number {
  const [, amount, unit] = /^(\d*\.?\d+)(ms|s)$/.exec(text) ?? [];
  if (amount === undefined) throw new InexpressibleError(`the delay "${text}"`);
  return Number(amount) * (unit === "s" ? 1_000 : 1);
}
