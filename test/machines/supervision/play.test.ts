import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { childAt, inOrder } from "../../../machines/supervision/roster.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  type RestartKind,
  restartKinds,
  type Strategy,
} from "../../../protocols/index.ts";
import { boom, Rehearsal, type Start } from "../../support/rehearsal.ts";

const self = "shop" as ActorAddress;

/** What may happen next, in whatever order. */
type Happening =
  | { readonly step: Start }
  | { readonly end: number; readonly outcome: ActorOutcome["kind"] }
  | { readonly passMs: number }
  | {
      readonly asks: "startChild" | "terminateChild" | "restartChild" | "deleteChild";
      readonly child: number;
    };

const starts = fc.constantFrom<Start>("up", "up", "up", "up", "fails", "declines");
const happenings = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ step: starts }) },
    {
      weight: 4,
      arbitrary: fc.record({
        end: fc.nat(50),
        outcome: fc.constantFrom<ActorOutcome["kind"]>("done", "stopped", "failed", "killed", "lost"),
      }),
    },
    { weight: 3, arbitrary: fc.record({ passMs: fc.nat(400) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        asks: fc.constantFrom("startChild", "terminateChild", "restartChild", "deleteChild"),
        child: fc.nat(50),
      }),
    },
  ),
  { minLength: 30, maxLength: 120, size: "max" },
) as fc.Arbitrary<Happening[]>;

const casts = fc.record({
  strategy: fc.constantFrom<Strategy>("one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"),
  intensity: fc.integer({ min: 0, max: 8 }),
  periodMs: fc.integer({ min: 1, max: 1_000 }),
  kinds: fc.array(fc.constantFrom<RestartKind>(...restartKinds), { minLength: 1, maxLength: 6 }),
  backoff: fc.option(fc.constant({ initialMs: 20, maxMs: 100 }), { nil: undefined }),
  /** Whether the children come up at first; if not, the start is one of the things that happen. */
  up: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  more: happenings,
});
type Cast = typeof casts extends fc.Arbitrary<infer C> ? C : never;

/** Children are named by numbers that grow, so that their order can be told by their names alone. */
class Play {
  readonly stage: Rehearsal;
  readonly #cast: Cast;
  /** By address: how it is restarted. */
  readonly kinds = new Map<string, RestartKind>();
  #number = 0;

  constructor(cast: Cast) {
    this.#cast = cast;
    const { strategy, intensity, periodMs, backoff, kinds } = cast;
    const flags = { strategy, intensity, periodMs, ...(backoff === undefined ? {} : { backoff }) };
    const simple = strategy === "simple_one_for_one";
    const children = simple ? [this.#spec(kinds[0] as RestartKind)] : kinds.map((kind) => this.#spec(kind));
    if (simple) this.#number = 0;
    this.stage = new Rehearsal({ self, flags, children });
  }

  #spec(restart: RestartKind) {
    const id = String(++this.#number);
    this.kinds.set(`${self}.${id}`, restart);
    return { id, actor: "x", restart };
  }

  happen(one: Happening): void {
    const { stage } = this;
    if ("step" in one) stage.step(one.step);
    else if ("passMs" in one) this.#pass(one.passMs);
    else if ("asks" in one) this.#ask(one.asks, one.child);
    else {
      const running = [...stage.running.keys()];
      const outcome = one.outcome === "failed" ? boom : ({ kind: one.outcome } as ActorOutcome);
      stage.end(running[one.end % Math.max(1, running.length)] ?? "", outcome);
    }
  }

  /** Timers go off when they are due, unless the machine is over. */
  #pass(byMs: number): void {
    const { stage } = this;
    const untilMs = stage.nowMs + byMs;
    while (!stage.over && stage.timers.some(({ dueMs }) => dueMs <= untilMs)) stage.ring();
    stage.nowMs = untilMs;
  }

  /** As the runtime does it: what would be postponed does not get in now. */
  #ask(type: string, pick: number): void {
    const { stage } = this;
    if (stage.state !== "supervising.idle") return;
    const restart = this.#cast.kinds[pick % this.#cast.kinds.length] as RestartKind;
    const simple = this.#cast.strategy === "simple_one_for_one";
    const id = String(1 + (pick % Math.max(1, this.#number)));
    if (type !== "startChild") stage.ask({ type, id, address: `${self}.${id}` });
    else if (simple) {
      this.kinds.set(`${self}.${++this.#number}`, this.#cast.kinds[0] as RestartKind);
      stage.ask({ type });
    } else stage.ask({ type, child: this.#spec(restart) });
  }
}

/** What holds at any time. */
function holdsAlways({ stage }: Play): void {
  for (const { start, stop } of stage.plans.splice(0)) {
    const numbers = (steps: readonly { address: string }[]) => steps.map(({ address }) => numberOf(address));
    expect(numbers(start)).toEqual(numbers(start).toSorted((a, b) => a - b));
    expect(numbers(stop)).toEqual(numbers(stop).toSorted((a, b) => b - a));
  }
  const { intensity } = stage.snapshot.context.flags;
  expect(restartsBefore(stage, stage.nowMs)).toBeLessThanOrEqual(intensity);
  if (stage.gaveUpAtMs !== undefined) expect(restartsBefore(stage, stage.gaveUpAtMs)).toBe(intensity);
}

/** Counted from the plans that began. */
function restartsBefore({ snapshot, restartsAtMs }: Rehearsal, nowMs: number): number {
  return restartsAtMs.filter((atMs) => nowMs - atMs <= snapshot.context.flags.periodMs).length;
}

/** What holds while nothing is being carried out. */
function holdsAtRest({ stage }: Play): void {
  if (stage.state !== "supervising.idle") return;
  const { roster, pending } = stage.snapshot.context;
  expect(pending.next).toBe(pending.first);
  const known = [...inOrder(roster)].filter(({ state }) => state === "running");
  expect(new Map(known.map(({ address, activation }) => [address, activation]))).toEqual(
    new Map([...stage.running].sort(([a], [b]) => numberOf(a) - numberOf(b))),
  );
  for (const { address, state, awaits } of inOrder(roster)) {
    const tries = stage.timers.filter(({ event }) => event.type === "retry" && event.address === address);
    const waits = tries.some(({ event }) => event.type === "retry" && event.attempt === awaits);
    expect(waits).toBe(state === "restarting");
  }
}

const numberOf = (address: string): number => Number(address.slice(address.lastIndexOf(".") + 1));

/** The whole play, up to the supervisor's end. */
function played(cast: Cast): Play {
  const play = new Play(cast);
  if (cast.up) play.stage.carryOut();
  for (const one of cast.more) {
    if (play.stage.over) break;
    play.happen(one);
    holdsAlways(play);
    holdsAtRest(play);
  }
  play.stage.shutdown();
  for (let n = 0; n < 100 && !play.stage.over; n++) play.stage.step("fails");
  return play;
}

describe("whatever its children do and its hands fail at", () => {
  test("a supervisor keeps order and limits, loses no try, and leaves nothing running", () => {
    fc.assert(
      fc.property(casts, (cast) => {
        const { stage, kinds } = played(cast);
        expect(stage.state).toBe("closed");
        expect(stage.running.size).toBe(0);
        expect(stage.lastWords).toHaveLength(1);
        const gaveUp = stage.facts.filter(({ type }) => type === "gaveUp").length;
        expect(gaveUp).toBe(stage.facts.filter(({ type }) => type === "escalated").length);
        for (const [address, kind] of kinds)
          if (kind === "temporary")
            expect(stage.story.filter((line) => line === `start ${numberOf(address)}`).length).toBeLessThan(
              2,
            );
      }),
      { numRuns: 150 },
    );
  });

  test("the plays are not idle: in a sample of them supervisors give up, tries fail, and children restart", () => {
    const facts = fc.sample(casts, { numRuns: 60, seed: 1 }).flatMap((cast) => played(cast).stage.facts);
    const often = (wanted: string): number => facts.filter(({ type }) => type === wanted).length;
    for (const type of ["restarted", "restartFailed", "gaveUp", "escalated"])
      expect(often(type), type).toBeGreaterThan(5);
  });
});

test("10,000 children are one plan to start, one to restart and one to stop", () => {
  const children = Array.from({ length: 10_000 }, (_, n) => ({ id: String(n), actor: "x" }));
  const stage = new Rehearsal({ self, flags: { strategy: "one_for_all" }, children }).carryOut();
  stage.end("shop.5000");
  stage.carryOut();
  expect(stage.snapshot.context.roster.counts.running).toBe(10_000);
  stage.shutdown();
  stage.carryOut();
  expect(stage.plans.map(({ start, stop }) => [start.length, stop.length])).toEqual([
    [10_000, 0],
    [10_000, 9_999],
    [0, 10_000],
  ]);
  expect(childAt(stage.snapshot.context.roster, "shop.7")?.restarts).toBe(1);
});
