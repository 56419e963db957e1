import { describe, expect, test, vi } from "vitest";
import { type AnyActor, assign, createActor, fromPromise, SimulatedClock, setup } from "xstate";
import { z } from "zod";
import {
  asking,
  type Call,
  type CallFailure,
  type CallOptions,
  callOptionsOf,
  fromCall,
} from "../../machines/index.ts";
import { CoxswainError, defineProtocol, isCoxswainError, question } from "../../protocols/index.ts";
import { pathsOf } from "../../src/testing/index.ts";
import { RecordingCell, type Running, run } from "../support/recording-cell.ts";
import { type SimulatedEnv, simulatedEnv } from "../support/simulated-env.ts";

interface Result {
  readonly result: unknown;
}

function calling(call: (of: Call<undefined>) => unknown, options?: CallOptions) {
  const types = { context: {} as Result, events: {} as { type: "go" } | { type: "leave" } };
  return setup({ types, actors: { call: fromCall<unknown>(call, options) } }).createMachine({
    initial: "idle",
    context: { result: undefined },
    states: {
      idle: { on: { go: "waiting" } },
      waiting: {
        invoke: {
          id: "call",
          src: "call",
          onDone: { target: "done", actions: assign({ result: ({ event }) => event.output }) },
          onError: { target: "failed", actions: assign({ result: ({ event }) => event.error }) },
        },
        on: { leave: "idle" },
      },
      done: {},
      failed: {},
    },
  });
}

const throttled = (more: object = {}): Error => Object.assign(new Error("busy"), { status: 429, ...more });

/** A call that fails with each of these in turn, and then succeeds; what it was told at each try, and when. */
function failing(errors: readonly unknown[], options: CallOptions = { retry: { jitter: 0 } }) {
  const env = simulatedEnv();
  const tries: { readonly atMs: number; readonly key: string; readonly attempt: number }[] = [];
  const machine = calling(({ key, attempt }) => {
    tries.push({ atMs: env.monotonicMs(), key, attempt });
    if (tries.length <= errors.length) throw errors[tries.length - 1];
    return "done";
  }, options);
  const running = run(machine, { cell: new RecordingCell(env) });
  running.send("go");
  return { ...running, env, tries };
}

/** Lets time pass, millisecond by millisecond, as long as the call waits for a further try. */
async function untilSettled({ env, now }: { readonly env: SimulatedEnv; readonly now: Running["now"] }) {
  for (let turn = 0; turn < 1_000 && now().value === "waiting"; turn++) {
    env.settle();
    while (env.pendingTimers > 0) env.advance(1);
    await new Promise(setImmediate);
  }
  expect(now().value).toMatch(/done|failed/);
  return now().context.result;
}

/** The same, on the clock of a bare XState system. */
async function untilLeft(actor: AnyActor, clock: SimulatedClock): Promise<unknown> {
  for (let turn = 0; turn < 1_000 && actor.getSnapshot().value === "waiting"; turn++) {
    clock.increment(100);
    await new Promise(setImmediate);
  }
  return actor.getSnapshot().value;
}

describe("a call", () => {
  test("without retry is tried once, and onError gets what was thrown", async () => {
    const error = throttled();
    const call = failing([error], {});
    await expect.poll(() => call.now().value).toBe("failed");
    expect(call.now().context.result).toBe(error);
    expect(call.tries).toHaveLength(1);
  });

  test("is tried again after waits that double, with the same key, and told which try it is", async () => {
    const call = failing([throttled(), throttled(), throttled()]);
    expect(await untilSettled(call)).toBe("done");
    expect(call.tries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(call.tries.map(({ atMs }) => atMs)).toEqual([0, 200, 600, 1_400]);
    expect(new Set(call.tries.map(({ key }) => key)).size).toBe(1);
    expect(call.tries[0]?.key).toMatch(/^crew\.bow\/call#/);
  });

  test("that has used its tries fails with CALL_FAILED, the number of tries and the last cause", async () => {
    const errors = [1, 2, 3].map((number) => throttled({ number }));
    const call = failing(errors, { retry: { attempts: 3 } });
    const result = await untilSettled(call);
    expect(isCoxswainError(result, "CALL_FAILED")).toBe(true);
    expect(result).toMatchObject({ details: { attempts: 3, class: "throttled" }, cause: { number: 3 } });
    expect((result as Error).message).toBe("The call was tried 3 times, and failed with: Error: busy");
    expect(call.tries).toHaveLength(3);
  });

  test("whose error does not go away by itself is not tried again", async () => {
    const call = failing([Object.assign(new Error("who are you?"), { status: 401 })]);
    expect(await untilSettled(call)).toMatchObject({ details: { attempts: 1, class: "client" } });
  });

  test("that rejects later is tried again like one that throws", async () => {
    let tries = 0;
    const machine = calling(() => (++tries < 3 ? Promise.reject(throttled()) : tries), {
      retry: { firstMs: 0 },
    });
    const env = simulatedEnv();
    const { send, now } = run(machine, { cell: new RecordingCell(env) });
    send("go");
    expect(await untilSettled({ env, now })).toBe(3);
  });

  test("waits as long as the called side asks for, at most maxMs", async () => {
    const asked = (retryAfter: string) => throttled({ headers: new Headers({ "Retry-After": retryAfter }) });
    const call = failing([asked("3"), asked("3600"), asked("0")], { retry: { maxMs: 10_000 } });
    expect(await untilSettled(call)).toBe("done");
    expect(call.tries.map(({ atMs }) => atMs)).toEqual([0, 3_000, 13_000, 13_000]);
  });

  test("begins no try later than withinMs after the first", async () => {
    const errors = Array.from({ length: 9 }, () => throttled());
    const call = failing(errors, { retry: { jitter: 0, attempts: 9, withinMs: 1_399 } });
    expect(await untilSettled(call)).toMatchObject({ details: { attempts: 3 } });
    const longer = failing(errors, { retry: { jitter: 0, attempts: 9, withinMs: 1_400 } });
    expect(await untilSettled(longer)).toMatchObject({ details: { attempts: 4 } });
  });

  test("is decided by `on` where it says, and by its class where it does not", async () => {
    const seen: CallFailure[] = [];
    const own = new Error("half baked");
    const call = failing([own, throttled({ retryAfterMs: 700 }), new Error("burnt"), own], {
      retry: {
        jitter: 0,
        on: (failure) => {
          seen.push(failure);
          if (failure.error === own) return "retry";
          return (failure.error as Error).message === "burnt" ? { retryAfterMs: 5 } : undefined;
        },
      },
    });
    expect(await untilSettled(call)).toBe("done");
    expect(seen).toMatchObject([
      { error: own, class: "other", attempt: 1, retryAfterMs: undefined },
      { class: "throttled", attempt: 2, retryAfterMs: 700 },
      { class: "other", attempt: 3 },
      { attempt: 4 },
    ]);
    expect(call.tries.map(({ atMs }) => atMs)).toEqual([0, 200, 900, 905, 2_505]);
    expect(await untilSettled(failing([throttled()], { retry: { on: () => "fail" } }))).toMatchObject({
      details: { attempts: 1 },
    });
  });

  test("that may be made at most once is tried again only where nothing was done", async () => {
    const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const options = { effect: "atMostOnce", retry: {} } as const;
    expect(await untilSettled(failing([throttled()], options))).toBe("done");
    expect(await untilSettled(failing([reset], options))).toMatchObject({ details: { class: "broken" } });
    expect(await untilSettled(failing([reset], { retry: {} }))).toBe("done");
  });

  test.each([
    ["its state is left", (call: ReturnType<typeof failing>) => call.send("leave")],
    ["its actor ends", (call: ReturnType<typeof failing>) => call.hosted.stop()],
  ])("that waits is tried no more when %s, and leaves no timer behind", async (_, end) => {
    const call = failing([throttled(), throttled()]);
    await expect.poll(() => call.env.pendingTimers).toBe(1);
    end(call);
    expect(call.env.pendingTimers).toBe(0);
    call.env.advance(60_000);
    await new Promise(setImmediate);
    expect(call.tries).toHaveLength(1);
  });

  test("that waits fails at once with the reason when whoever asked withdraws", async () => {
    const call = failing([throttled(), throttled()]);
    await expect.poll(() => call.env.pendingTimers).toBe(1);
    call.hosted.cancelCalls("test", "withdrawn");
    await expect.poll(() => call.now().context.result).toBe("withdrawn");
    expect([call.env.pendingTimers, call.tries.length]).toEqual([0, 1]);
  });

  test("that fails after its signal has aborted is not tried again", async () => {
    const env = simulatedEnv();
    const called = vi.fn();
    const machine = calling(
      ({ signal }) =>
        new Promise((_, reject) => {
          called();
          signal.addEventListener("abort", () => reject(throttled()));
        }),
      { retry: {} },
    );
    const { hosted, send, now } = run(machine, { cell: new RecordingCell(env) });
    send("go");
    hosted.cancelCalls("test", "withdrawn");
    await expect.poll(() => now().context.result).toMatchObject({ status: 429 });
    env.advance(60_000);
    expect([called.mock.calls.length, env.pendingTimers]).toEqual([1, 0]);
  });

  test("takes its jitter from the environment's chance: the same seed waits the same", async () => {
    const waits = async (seed: number) => {
      const env = simulatedEnv({ seed });
      const at: number[] = [];
      const machine = calling(
        () => {
          at.push(env.monotonicMs());
          throw throttled();
        },
        { retry: { attempts: 4, firstMs: 1_000, factor: 1 } },
      );
      const { send, now } = run(machine, { cell: new RecordingCell(env) });
      send("go");
      await untilSettled({ env, now });
      return at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
    };
    const seeded = simulatedEnv({ seed: 7 });
    expect(await waits(7)).toEqual([1, 2, 3].map(() => Math.round(1_000 * (1 - 0.5 * seeded.random()))));
  });
});

describe("in bare XState a call", () => {
  test("waits on the system's clock, without jitter", async () => {
    const clock = new SimulatedClock();
    const at: number[] = [];
    const machine = calling(
      ({ attempt, key }) => {
        expect(key).toBe("");
        at.push(clock.now());
        if (attempt < 4) throw throttled();
        return "done";
      },
      { retry: {} },
    );
    const actor = createActor(machine, { clock }).start();
    actor.send({ type: "go" });
    expect(await untilLeft(actor, clock)).toBe("done");
    expect(at).toEqual([0, 200, 600, 1_400]);
  });

  test("counts its waits against withinMs, and is stopped with its actor", async () => {
    const clock = new SimulatedClock();
    const call = vi.fn(() => {
      throw throttled();
    });
    const actor = createActor(calling(call, { retry: { factor: 1, attempts: 9, withinMs: 600 } }), {
      clock,
    }).start();
    actor.send({ type: "go" });
    expect(await untilLeft(actor, clock)).toBe("failed");
    expect(call).toHaveBeenCalledTimes(4);

    const left = createActor(calling(call, { retry: {} }), { clock }).start();
    left.send({ type: "go" });
    await new Promise(setImmediate);
    left.stop();
    clock.increment(60_000);
    await new Promise(setImmediate);
    expect(call).toHaveBeenCalledTimes(5);
  });
});

describe("what a call was given", () => {
  test("can be read from its logic, with what is unsaid filled in", () => {
    expect(callOptionsOf(fromCall(() => 1))).toEqual({ effect: "atLeastOnce", retry: undefined });
    expect(callOptionsOf(fromCall(() => 1, { effect: "atMostOnce", retry: { firstMs: 5 } }))).toEqual({
      effect: "atMostOnce",
      retry: { attempts: 5, firstMs: 5, factor: 2, maxMs: 30_000, jitter: 0.5 },
    });
    const bank = defineProtocol({ name: "bank", accepts: { read: question(z.object({}), z.number()) } });
    expect(callOptionsOf(asking(bank, "read"))).toBeUndefined();
    expect(callOptionsOf(fromPromise(async () => 1))).toBeUndefined();
  });

  test.each([
    [{ effect: "exactlyOnce" }, 'Expected effect "atLeastOnce" or "atMostOnce", got "exactlyOnce"'],
    [{ retry: { attempts: 0 } }, "Expected retry.attempts to be a whole number from 1 to 1000000, got 0"],
    [{ retry: { attempts: 1.5 } }, "got 1.5"],
    [{ retry: { jitter: 2 } }, "Expected retry.jitter to be a number from 0 to 1, got 2"],
    [{ retry: { factor: 0.5 } }, "retry.factor"],
    [{ retry: { firstMs: -1 } }, "retry.firstMs"],
    [{ retry: { withinMs: Number.NaN } }, "retry.withinMs"],
    [{ retry: { on: "retry" } }, 'Expected retry.on to be a function, got "retry"'],
    [{ retry: { tries: 3 } }, 'got "tries"'],
  ])("is refused when it does not hold: %j", (options, message) => {
    const define = () => fromCall(() => 1, options as CallOptions);
    expect(define).toThrow(CoxswainError);
    expect(define).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining(message) }),
    );
  });

  test("changes nothing for tools that read the machine: its paths are those of the call without it", () => {
    const names = (options?: CallOptions) => pathsOf(calling(() => 1, options)).map(({ name }) => name);
    expect(names({ effect: "atMostOnce", retry: {} })).toEqual(names());
    expect(names().join("\n")).toMatch(/done[\s\S]*fail|fail[\s\S]*done/);
  });
});
