import { describe, expect, test } from "vitest";
import {
  type AnyEventObject,
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
} from "xstate";
import { run } from "../../support/recording-cell.ts";

interface Watching {
  next(value: unknown): void;
  complete(): void;
}

/** An observable in the hands of the test. */
function subject() {
  let observer: Watching | undefined;
  const source = {
    subscribe: (given: Watching) => {
      observer = given;
      return { unsubscribe: () => {} };
    },
  };
  const subscribed = (): Watching => {
    if (observer === undefined) throw new Error("nobody subscribed");
    return observer;
  };
  return { source, observer: subscribed };
}

describe("logic that is no machine", () => {
  test("fromTransition emits, and its state is the context", () => {
    const { cell, send, hosted } = run(
      fromTransition(
        (state: { n: number }, event, { emit: say }) => {
          say({ type: "counted" });
          return { n: state.n + (event.type === "two" ? 2 : 1) };
        },
        { n: 0 },
      ),
    );
    send("one", "two");
    expect(hosted.snapshot).toMatchObject({ status: "active", context: { n: 3 } });
    expect(cell.emitted).toHaveLength(2);
    expect(hosted.persist()).toMatchObject({ context: { n: 3 } });
  });

  test("fromTransition takes input and a snapshot", () => {
    const logic = fromTransition(
      (state: { n: number }) => ({ n: state.n + 1 }),
      ({ input }: { input: number }) => ({ n: input }),
    );
    expect(run(logic, { input: 5 }).hosted.snapshot).toMatchObject({ context: { n: 5 } });
    const again = run(logic, { snapshot: { status: "active", context: { n: 8 } } });
    again.send("x");
    expect(again.hosted.snapshot).toMatchObject({ context: { n: 9 } });
  });

  test("fromTransition behaves as in XState when it uses its self", () => {
    const states: unknown[] = [];
    const logic = fromTransition((state: number, event: AnyEventObject, { self }) => {
      states.push(self.getSnapshot().context);
      if (event.type === "twice") self.send({ type: "again" });
      return state + 1;
    }, 0);
    const alone = createActor(logic).start();
    alone.send({ type: "twice" });
    alone.send({ type: "once" });
    const expected = states.splice(0);
    const { send, hosted } = run(logic);
    send("twice", "once");
    expect(states).toEqual(expected);
    expect(hosted.snapshot).toMatchObject({ context: 3 });
  });

  test("a promise is done with its output, a rejected one fails", async () => {
    const good = run(fromPromise(async () => 5));
    await expect.poll(() => good.cell.output).toBe(5);
    const bad = run(
      fromPromise(async () => {
        throw new Error("no");
      }),
    );
    await expect.poll(() => bad.cell.faults).toMatchObject([{ message: "no" }]);
  });

  test("a callback gets events and is disposed of; what it sends back has no parent to go to", () => {
    const seen: string[] = [];
    const { cell, send, hosted } = run(
      fromCallback(({ receive, sendBack, emit: say }) => {
        receive(({ type }) => {
          seen.push(type);
          say({ type: "heard" });
          sendBack({ type: "back" });
        });
        return () => void seen.push("disposed");
      }),
    );
    send("hello");
    hosted.stop();
    expect(seen).toEqual(["hello", "disposed"]);
    expect(cell.emitted).toEqual([{ type: "heard" }]);
    expect(cell.losses).toEqual(["back to parent"]);
  });

  test("an observable's values become its context, until it completes", () => {
    const { source, observer } = subject();
    const { cell, hosted } = run(fromObservable(() => source as never));
    observer().next(3);
    expect(hosted.snapshot).toMatchObject({ context: 3 });
    observer().complete();
    expect(cell.story.slice(-2)).toEqual(["done", "turn"]);
  });

  test("an observable of events sends them to the machine that invokes it", () => {
    const { source, observer } = subject();
    const { now } = run(
      createMachine({
        context: { n: 0 },
        invoke: { src: fromEventObservable(() => source as never) },
        on: { tick: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      }),
    );
    observer().next({ type: "tick" });
    observer().next({ type: "tick" });
    expect(now().context.n).toBe(2);
  });
});
