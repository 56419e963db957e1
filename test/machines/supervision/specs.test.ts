import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flagsOf, specOf, specsOf } from "../../../machines/supervision/specs.ts";
import {
  type ActorAddress,
  childSpec,
  isCoxswainError,
  type SupervisionFault,
  supervisionFaults,
  supervisorFlags,
  validate,
} from "../../../protocols/index.ts";

const self = "shop" as ActorAddress;
const home = { self, autoShutdown: "any_significant", strategy: "one_for_one", childrenMax: 9 } as const;
const seen = new Set<SupervisionFault>();

function faultOf(judge: () => unknown): unknown {
  try {
    judge();
  } catch (error) {
    if (!isCoxswainError(error, "SUPERVISOR_INVALID")) throw error;
    seen.add(error.details.fault as SupervisionFault);
    return error.details.fault;
  }
  return undefined;
}

describe("flags", () => {
  test("left out are OTP's: one_for_one, one restart in five seconds, no auto-shutdown", () => {
    const flags = { strategy: "one_for_one", intensity: 1, periodMs: 5_000, autoShutdown: "never" };
    const all = { ...flags, childrenMax: 100_000 };
    for (const written of [undefined, null, {}]) expect(flagsOf(written)).toEqual(all);
  });

  test("of a back-off double the wait and leave a fifth of it to chance unless said", () => {
    const backoff = { initialMs: 10, maxMs: 1_000 };
    expect(flagsOf({ backoff }).backoff).toEqual({ ...backoff, factor: 2, jitter: 0.2 });
  });

  test.each<[object, SupervisionFault]>([
    [{ strategy: "nope" }, "bad_strategy"],
    [{ intensity: "infinity" }, "bad_intensity"],
    [{ intensity: -1 }, "bad_intensity"],
    [{ intensity: 1.5 }, "bad_intensity"],
    [{ periodMs: 0 }, "bad_period"],
    [{ periodMs: 0.5 }, "bad_period"],
    [{ autoShutdown: "sometimes" }, "bad_auto_shutdown"],
    [{ childrenMax: 0 }, "bad_children_max"],
    [{ backoff: {} }, "bad_backoff"],
    [{ backoff: { initialMs: 1, maxMs: Number.NaN } }, "bad_backoff"],
    [{ backoff: { initialMs: 1, maxMs: 2, factor: 0.5 } }, "bad_backoff"],
    [{ backoff: { initialMs: 1, maxMs: 2, jitter: 2 } }, "bad_backoff"],
    [{ strategy: "simple_one_for_one", autoShutdown: "any_significant" }, "bad_combination"],
  ])("%j are refused: %s", (flags, fault) => {
    expect(faultOf(() => flagsOf(flags))).toBe(fault);
  });
});

describe("a child spec", () => {
  test("gets what it leaves out: permanent, a worker, five seconds to stop, half a minute to start", () => {
    expect(specOf({ id: "till", actor: "clerk", colour: "red" }, home)).toEqual({
      id: "till",
      actor: "clerk",
      restart: "permanent",
      shutdownMs: 5_000,
      type: "worker",
      significant: false,
      address: "shop.till",
      startWithinMs: 30_000,
    });
  });

  test("of a supervisor gives it all the time to stop", () => {
    expect(specOf({ id: "a", actor: "x", type: "supervisor" }, home).shutdownMs).toBe("infinity");
  });

  test("for another node gets an address of one token, which can have its home there", () => {
    const deep = { ...home, self: "shop.floor" as ActorAddress };
    expect(specOf({ id: "a", actor: "x", node: "n2" }, deep).address).toBe("shop-floor-a");
    expect(specOf({ id: "a", actor: "x", node: "n2", address: "b" }, deep).address).toBe("b");
  });

  const good = { id: "a", actor: "x" };
  test.each<[unknown, SupervisionFault]>([
    [{ actor: "x" }, "missing_id"],
    [undefined, "missing_id"],
    [{ id: "a.b", actor: "x" }, "bad_id"],
    [{ id: "a" }, "missing_actor"],
    [{ id: "a", actor: 3 }, "missing_actor"],
    [{ ...good, restart: "prmanent" }, "bad_restart"],
    [{ ...good, shutdownMs: -1 }, "bad_shutdown"],
    [{ ...good, shutdownMs: "never" }, "bad_shutdown"],
    [{ ...good, shutdownMs: Number.POSITIVE_INFINITY }, "bad_shutdown"],
    [{ ...good, type: "x" }, "bad_type"],
    [{ ...good, significant: 1 }, "bad_significant"],
    [{ ...good, significant: true }, "bad_combination"],
    [{ ...good, address: "a b" }, "bad_address"],
    [{ ...good, node: "" }, "bad_node"],
    [{ ...good, node: [] }, "bad_node"],
    [{ ...good, startWithinMs: 0 }, "bad_start_within"],
  ])("%j is refused: %s", (spec, fault) => {
    expect(faultOf(() => specOf(spec, home))).toBe(fault);
  });

  test("that is significant needs a supervisor that shuts down by it", () => {
    const significant = { ...good, restart: "transient", significant: true };
    expect(specOf(significant, home).significant).toBe(true);
    expect(faultOf(() => specOf(significant, { self, autoShutdown: "never" }))).toBe("bad_combination");
  });

  test("too deep for an address is refused", () => {
    const deep = { ...home, self: "a.b.c.d.e.f.g.h" as ActorAddress };
    expect(faultOf(() => specOf(good, deep))).toBe("bad_address");
  });
});

describe("a list of specs", () => {
  test.each<[unknown, SupervisionFault]>([
    [undefined, "bad_children"],
    [
      [
        { id: "a", actor: "x" },
        { id: "a", actor: "y" },
      ],
      "duplicate_id",
    ],
    [
      [
        { id: "a", actor: "x" },
        { id: "b", actor: "x", address: "shop.a" },
      ],
      "duplicate_address",
    ],
  ])("%j is refused: %s", (specs, fault) => {
    expect(faultOf(() => specsOf(specs, home))).toBe(fault);
  });

  test("is exactly one, the template, for simple_one_for_one", () => {
    const simple = { ...home, strategy: "simple_one_for_one" } as const;
    expect(faultOf(() => specsOf([], simple))).toBe("bad_template");
    expect(specsOf([{ id: "a", actor: "x" }], simple)).toHaveLength(1);
  });
});

test("whatever is written is either refused with one of the faults, or fits the protocol's schema", () => {
  const words = fc.constantFrom<unknown>("permanent", "temporary", "worker", "one_for_all", "never", "a", "");
  const values = fc.oneof(words, fc.integer({ min: -2, max: 5 }), fc.double(), fc.boolean(), fc.anything());
  const keys = (names: readonly string[]) =>
    fc.record(Object.fromEntries(names.map((name) => [name, values])), { requiredKeys: [] });
  const flags = keys(["strategy", "intensity", "periodMs", "autoShutdown", "backoff"]);
  const spec = keys(Object.keys(childSpec.shape));
  const holds = (judge: () => unknown, schema: Parameters<typeof validate>[0]): void => {
    let judged: unknown;
    const fault = faultOf(() => {
      judged = judge();
    });
    if (fault === undefined) expect(validate(schema, judged)).toMatchObject({ ok: true });
    else expect(supervisionFaults).toContain(fault);
  };
  fc.assert(
    fc.property(flags, spec, (someFlags, someSpec) => {
      holds(() => flagsOf(someFlags), supervisorFlags);
      holds(() => specOf({ id: "a", actor: "x", ...someSpec }, home), childSpec);
    }),
  );
});

test("every fault there is has been shown", () => {
  expect([...seen].sort()).toEqual([...supervisionFaults].sort());
});

test("more children than childrenMax are refused, written down or added", () => {
  const specs = Array.from({ length: 10 }, (_, i) => ({ id: `c${i}`, actor: "clerk" }));
  expect(faultOf(() => specsOf(specs, home))).toBe("bad_children");
  expect(specsOf(specs.slice(1), home)).toHaveLength(9);
});
