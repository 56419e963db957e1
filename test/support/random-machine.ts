import {
  type AnyStateMachine,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromTransition,
  raise,
  sendTo,
  spawnChild,
} from "xstate";

/** Everything a random machine says, in order. */
export type Told = (text: string) => void;

export const randomEvents = ["A", "B", "C", "x", "x.y", "x.y.z"] as const;
const descriptors = [...randomEvents, "*", "x.*", "x.y.*"];

interface Chance {
  readonly random: () => number;
  readonly is: (probability: number) => boolean;
  readonly pick: <T>(of: readonly T[]) => T;
}
interface Node {
  id: string;
  type?: string;
  states?: Record<string, Node>;
  [more: string]: unknown;
}

function chanceOf(random: () => number): Chance {
  return {
    random,
    is: (probability) => random() < probability,
    pick: (of) => of[Math.floor(random() * of.length)] as (typeof of)[number],
  };
}

/**
 * A machine with all that XState machines may have, or undefined if XState refuses it. The same for the same series
 * of chance. With `invoking`, many of its states invoke.
 */
export function randomMachine(
  random: () => number,
  told: Told,
  { invoking = false } = {},
): AnyStateMachine | undefined {
  const chance = chanceOf(random);
  const root = randomNode(chance, chance.pick([1, 2, 2, 2, 3]), "r", told);
  if (root.states === undefined) return undefined;
  const kid = createMachine({
    id: "kid",
    entry: () => told("kid begins"),
    exit: () => told("kid ends"),
    on: { P: { actions: () => told("kid") } },
  });
  const reducer = fromTransition((state: { p: number }) => ({ p: state.p + 1 }), { p: 0 });
  const withInput = chance.is(0.3);
  root.context = withInput ? ({ input }: { input?: number }) => ({ n: input ?? 1 }) : { n: 0 };
  root.options = { maxIterations: 100 };
  addTransitions(root, idsOf(root), chance, told);
  if (invoking) addInvocations(root, chance);
  try {
    return createMachine(root as never).provide({
      actors: { kid, reducer },
      guards: { third: ({ context }: { context: { n: number } }) => context.n % 3 === 0 },
      actions: { named: (_: unknown, params: unknown) => told(`named ${JSON.stringify(params)}`) },
    } as never);
  } catch {
    return undefined;
  }
}

function randomNode(chance: Chance, depth: number, id: string, told: Told): Node {
  const node: Node = { id, entry: [() => told(`enter ${id}`)], exit: [() => told(`leave ${id}`)], on: {} };
  const type =
    depth === 0
      ? chance.pick(["atomic", "atomic", "atomic", "final"])
      : chance.pick(["compound", "compound", "parallel", "atomic"]);
  if (chance.is(0.3)) node.tags = [`${id} tag`];
  if (chance.is(0.2)) node.meta = { of: id };
  if (chance.is(0.05))
    (node.entry as unknown[]).push(
      raise({ type: chance.pick(randomEvents) }, { delay: 1_000, id: `${id} later` }),
    );
  if (type === "final") return { ...node, type: "final", output: id, on: {} };
  if (type === "atomic") return node;
  node.states = {};
  if (type === "parallel") node.type = "parallel";
  else node.initial = chance.is(0.2) ? { target: "s0", actions: () => told(`initial ${id}`) } : "s0";
  const count = 2 + Math.floor(chance.random() * 2);
  for (let i = 0; i < count; i++) node.states[`s${i}`] = randomNode(chance, depth - 1, `${id}_${i}`, told);
  if (chance.is(0.4)) {
    const history = chance.pick(["shallow", "deep"]);
    node.states.h = { id: `${id}_h`, type: "history", history };
  }
  return node;
}

function idsOf(node: Node): string[] {
  return [node.id, ...Object.values(node.states ?? {}).flatMap(idsOf)];
}

function addTransitions(node: Node, targets: readonly string[], chance: Chance, told: Told): void {
  if (node.type === "history" || node.type === "final") return;
  const on = node.on as Record<string, unknown>;
  for (const descriptor of descriptors) {
    if (!chance.is(0.3)) continue;
    const one = (): object | undefined => randomTransition(descriptor, targets, chance, told);
    on[descriptor] = chance.is(0.05) ? undefined : chance.is(0.3) ? [one(), one()] : one();
  }
  if (node.states !== undefined && chance.is(0.1))
    node.onDone = randomTransition("done", targets, chance, told);
  if (chance.is(0.04)) {
    node.always = {
      ...randomTransition("always", targets, chance, told),
      guard: ({ context }: Args) => context.n % 5 === 4,
    };
  }
  if (chance.is(0.04)) node.invoke = { id: `${node.id}_kid`, src: "kid" };
  for (const child of Object.values(node.states ?? {})) addTransitions(child, targets, chance, told);
}

// Children that never end: a "*" would take the end of one, and might invoke it again for ever.
function addInvocations(node: Node, chance: Chance): void {
  if (node.type !== "history" && node.type !== "final" && chance.is(0.3)) {
    const id = `${node.id}_kid`;
    const invoked = { id, src: chance.pick(["kid", "reducer"]), input: ({ context }: Args) => context.n };
    node.invoke = chance.is(0.2) ? [invoked, { ...invoked, id: `${id} 2` }] : invoked;
    if (chance.is(0.15)) (node.entry as unknown[]).push(sendTo(id, { type: "P" } as never));
  }
  for (const child of Object.values(node.states ?? {})) addInvocations(child, chance);
}

interface Args {
  readonly context: { readonly n: number; readonly q?: number };
}

function randomTransition(
  descriptor: string,
  targets: readonly string[],
  chance: Chance,
  told: Told,
): object {
  const transition: Record<string, unknown> = {};
  if (chance.is(0.75)) transition.target = `#${chance.pick(targets)}`;
  if (chance.is(0.2)) transition.reenter = true;
  if (chance.is(0.3)) {
    const rest = Math.floor(chance.random() * 3);
    transition.guard = chance.is(0.2) ? "third" : ({ context }: Args) => context.n % 3 === rest;
  }
  transition.actions = randomActions(descriptor, chance, told);
  return transition;
}

function randomActions(descriptor: string, chance: Chance, told: Told): unknown[] {
  const actions: unknown[] = [];
  if (chance.is(0.5)) actions.push(assign({ n: ({ context }: Args) => context.n + 1 } as never));
  if (chance.is(0.3)) actions.push(({ context }: Args) => told(`${descriptor} ${context.n}`));
  if (chance.is(0.1)) actions.push({ type: "named", params: ({ context }: Args) => ({ n: context.n }) });
  if (chance.is(0.05))
    actions.push(
      assign((({ context, spawn }: Args & { spawn: (...args: unknown[]) => unknown }) => {
        spawn("kid", { id: `kid ${context.n % 4}` });
        return {};
      }) as never),
    );
  if (chance.is(0.05)) actions.push(spawnChild("kid" as never, { id: "spawned" } as never));
  if (chance.is(0.05)) actions.push(emit((({ context }: Args) => ({ type: "told", n: context.n })) as never));
  if (chance.is(0.03)) actions.push(sendTo("spawned", { type: "P" } as never));
  if (chance.is(0.06)) actions.push(raise({ type: chance.pick(randomEvents) }));
  if (chance.is(0.08)) {
    actions.push(
      enqueueActions((({ enqueue, context }: Args & { enqueue: Enqueue }) => {
        enqueue.assign({ q: context.n });
        if (context.n % 4 === 1) enqueue.raise({ type: "A" });
      }) as never),
    );
  }
  if (chance.is(0.01))
    actions.push(
      assign(() => {
        throw new Error(`${descriptor} throws`);
      }),
    );
  return actions;
}

interface Enqueue {
  assign(update: object): void;
  raise(event: { type: string }): void;
}
