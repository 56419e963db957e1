import { expect, test } from "vitest";
import {
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromTransition,
  sendTo,
  spawnChild,
  stopChild,
} from "xstate";
import { accelerate } from "../../../src/xstate/accelerate.ts";

const counting = fromTransition(
  (state: { seen: number }) => ({ seen: state.seen + 1 }),
  ({ input }) => ({ seen: (input as number | undefined) ?? 0 }),
);

/** Notes what a machine with children did; the same whoever runs it. */
type Notes = string[];
const noting = (notes: Notes) =>
  fromCallback(({ input }) => void notes.push(`begins with ${JSON.stringify(input)}`));
const isKnown = (notes: Notes) => (args: { system: { get(name: string): unknown } }) =>
  void notes.push(`known: ${args.system.get("one") !== undefined}`);
const kidOf = (args: { self: AnyActorRef }): AnyActorRef => args.self.getSnapshot().children.kid;

const machines: Record<string, (notes: Notes) => object> = {
  "spawned by logic": () => ({ on: { go: { actions: spawnChild(counting, { id: "kid", input: 3 }) } } }),
  "spawned under another name each time": () => ({
    context: { n: 0 },
    on: {
      go: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          spawnChild(counting, {
            id: (({ context }: { context: { n: number } }) => `kid ${context.n}`) as never,
          }),
        ],
      },
    },
  }),
  "given an input made of context, event and self": (notes) => ({
    context: { n: 7 },
    on: {
      go: {
        actions: spawnChild(noting(notes), {
          id: "kid",
          input: ((args: { context: object; event: object; self: AnyActorRef }) => [
            args.context,
            args.event,
            Object.keys(args.self.getSnapshot().children),
          ]) as never,
        }),
      },
    },
  }),
  "known to the system by name until it ends": (notes) => ({
    on: {
      go: {
        actions: [
          spawnChild(counting, { id: "kid", systemId: "one" }),
          isKnown(notes),
          stopChild("kid"),
          isKnown(notes),
        ],
      },
    },
  }),
  "whose every snapshot is told": (notes) => ({
    on: {
      go: { actions: spawnChild(counting, { id: "kid", syncSnapshot: true }) },
      on: { actions: sendTo("kid", { type: "any" }) },
      "xstate.snapshot.kid": { actions: () => void notes.push("snapshot") },
    },
  }),
  "of a name that stands for nothing": () => ({
    on: { go: { actions: spawnChild("nobody" as never, { id: "kid" } as never) } },
  }),
  "stopped by what a function finds, and one that is not there": () => ({
    entry: [spawnChild(counting, { id: "kid" }), spawnChild(counting, { id: "other" })],
    on: {
      go: { actions: stopChild(kidOf as never) },
      on: { actions: [stopChild("nobody"), stopChild("other")] },
    },
  }),
  "invoked without a name, two of them": (notes) => ({
    initial: "idle",
    states: {
      idle: { on: { go: "busy" } },
      busy: {
        invoke: [
          { src: noting(notes), input: 1 },
          { src: counting, input: 2 },
        ],
        on: { go: "idle", on: "busy" },
      },
    },
  }),
  "invoked without a name, alone": (notes) => ({
    initial: "idle",
    states: {
      idle: { on: { go: "busy" } },
      busy: { tags: "at work", invoke: { src: noting(notes), input: 5 }, on: { go: "idle" } },
    },
  }),
};

test.each(Object.entries(machines))("a child comes and goes as in XState: one %s", (_, config) => {
  const plain = course(config, (machine) => machine);
  expect(course(config, accelerate)).toEqual(plain);
  expect(new Set(plain).size).toBeGreaterThan(1);
});

/** What is to be seen of a machine at first, and after each of a few events. */
function course(
  config: (notes: Notes) => object,
  prepared: (machine: AnyStateMachine) => AnyStateMachine,
): string[] {
  const notes: Notes = [];
  const actor = createActor(prepared(createMachine(config(notes) as never))).start();
  return [undefined, "go", "on", "go", "go", "on", "go"].map((type) => {
    if (type !== undefined) actor.send({ type });
    return `${notes.splice(0).join(", ")}; ${visible(actor.getSnapshot())}`;
  });
}

function visible({ status, value, context, tags, children, _nodes }: AnyMachineSnapshot): string {
  const kids = Object.entries(children).map(([id, kid]) => [
    id,
    (kid as AnyActorRef | undefined)?.getSnapshot(),
  ]);
  return JSON.stringify({ status, value, context, tags: [...tags], kids, nodes: _nodes.map(({ id }) => id) });
}
