import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { workload } from "../../../machines/index.ts";

const { emptyBook, endedMax, figuresOf, finish, heldMax, rateWindowMs, reserve, servicesMax } = workload;
type Book = workload.WorkloadBook;
type Outcome = "done" | "failed" | "expired" | "revoked" | "refused";

const reservation = (task: string, more: object = {}) =>
  ({ type: "reserve", task, taskType: "read", resources: {}, limits: {}, capacity: 10, ...more }) as never;
const finished = (task: string, outcome: Outcome = "done") => ({ type: "finished", task, outcome }) as never;

/** What happened, in order: the log that a recount is made of. */
type Noted =
  | {
      readonly what: "start";
      readonly task: string;
      readonly type: string;
      readonly cpu: number;
      readonly atMs: number;
    }
  | { readonly what: "end"; readonly task: string; readonly outcome: Outcome; readonly atMs: number };

const types = ["read", "write"] as const;
const step = fc.record({
  end: fc.boolean(),
  which: fc.nat(12),
  type: fc.constantFrom(...types),
  cpu: fc.integer({ min: 0, max: 8 }),
  outcome: fc.constantFrom<Outcome>(
    "done",
    "done",
    "done",
    "done",
    "failed",
    "expired",
    "revoked",
    "refused",
  ),
  waitMs: fc.integer({ min: 0, max: 90_000 }),
});

function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  const log: Noted[] = [];
  let book: Book = emptyBook;
  let atMs = 1_000_000;
  steps.forEach(({ end, which, type, cpu, outcome, waitMs }, n) => {
    atMs += waitMs;
    if (end) {
      // One in hand, mostly.
      const task = book.held[which % 9]?.task ?? `t${which}`;
      book = finish(book, finished(task, outcome), atMs);
      log.push({ what: "end", task, outcome, atMs });
      return;
    }
    // Now and then one that has a place, or had one.
    const task = `t${(n * 7) % 101 < 13 ? (n * 7) % 101 : n}`;
    const asked = reservation(task, { taskType: type, resources: { cpu }, capacity: 6 });
    const [next, reply] = reserve(book, asked, atMs);
    book = next;
    if (reply.ok) log.push({ what: "start", task, type, cpu, atMs });
  });
  return { book, log, atMs };
}

/** The figures, from nothing but the log, in another way than the book's: nothing is carried on from entry to entry. */
function recount(log: readonly Noted[], nowMs: number) {
  const startOf = new Map<string, Noted & { what: "start" }>();
  const endOf = new Map<string, Noted & { what: "end" }>();
  for (const entry of log) {
    if (entry.what === "start" && !startOf.has(entry.task)) startOf.set(entry.task, entry);
    if (entry.what === "end" && startOf.has(entry.task) && !endOf.has(entry.task))
      endOf.set(entry.task, entry);
  }
  const held = [...startOf.values()].filter(({ task }) => !endOf.has(task));
  const counted = [...endOf.values()].filter(({ outcome }) => outcome === "done" || outcome === "failed");
  const service = types.flatMap((type) => {
    const ended = counted.filter(({ task }) => startOf.get(task)?.type === type);
    if (ended.length === 0) return [];
    const took = ended
      .filter(({ outcome }) => outcome === "done")
      .map(({ task, atMs }) => atMs - (startOf.get(task)?.atMs ?? 0));
    // The mean as the weighted sum that it is: the first with what is left of the weights.
    const weightOf = (n: number): number => (n === 0 ? 1 : 1 / 8) * (7 / 8) ** (took.length - 1 - n);
    const meanOf = (upTo: number): number => {
      const weight = (n: number): number => (n === 0 ? 1 : 1 / 8) * (7 / 8) ** (upTo - 1 - n);
      return took.slice(0, upTo).reduce((sum, ms, n) => sum + weight(n) * ms, 0);
    };
    const errors = took.map((ms, n) => (n === 0 ? ms / 2 : Math.abs(ms - meanOf(n))));
    const deviation = errors.reduce(
      (sum, error, n) => sum + (n === 0 ? 1 : 1 / 4) * (3 / 4) ** (took.length - 1 - n) * error,
      0,
    );
    return [
      {
        type,
        ended: ended.length,
        failed: ended.length - took.length,
        meanMs: took.reduce((sum, ms, n) => sum + weightOf(n) * ms, 0),
        deviationMs: deviation,
      },
    ];
  });
  return {
    inFlight: held.length,
    cpu: held.reduce((sum, { cpu }) => sum + cpu, 0),
    oldestMs: Math.max(0, ...held.map(({ atMs }) => nowMs - atMs)),
    throughput:
      counted.reduce((sum, { atMs }) => sum + Math.exp((atMs - nowMs) / rateWindowMs), 0) *
      (1_000 / rateWindowMs),
    service,
  };
}

describe("row 10: a workload book", () => {
  test("after any starts and ends says what a recount of the log says", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), fc.nat(200_000), (steps, laterMs) => {
        const { book, log, atMs } = play(steps);
        const nowMs = atMs + laterMs;
        const { load, service } = figuresOf(book, nowMs);
        const counted = recount(log, nowMs);
        expect(load).toMatchObject({ inFlight: counted.inFlight, oldestMs: counted.oldestMs });
        expect(load.held.cpu ?? 0).toBe(counted.cpu);
        expect(load.throughput).toBeCloseTo(counted.throughput, 9);
        expect(Object.keys(service).sort()).toEqual(counted.service.map(({ type }) => type).sort());
        for (const { type, ...figures } of counted.service) {
          const { ended, failed, meanMs, deviationMs } = service[type] as typeof figures;
          expect({ ended, failed }).toEqual({ ended: figures.ended, failed: figures.failed });
          expect(meanMs).toBeCloseTo(figures.meanMs, 3);
          expect(deviationMs).toBeCloseTo(figures.deviationMs, 3);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("never gives out more than its places, nor more of a resource than the limit", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let book: Book = emptyBook;
        steps.forEach(({ end, which, cpu }, n) => {
          if (end) book = finish(book, finished(`t${which}`), n);
          else
            [book] = reserve(
              book,
              reservation(`t${n}`, { resources: { cpu }, limits: { cpu: 20 }, capacity: 5 }),
              n,
            );
          const { load } = figuresOf(book, n);
          expect(load.inFlight).toBeLessThanOrEqual(5);
          expect(load.held.cpu ?? 0).toBeLessThanOrEqual(20);
        });
      }),
    );
  });

  test("says what was broken: the places first, then each limit with what is left of it", () => {
    let book: Book = emptyBook;
    [book] = reserve(book, reservation("a", { resources: { cpu: 4, memory: 16 } }), 0);
    const more = { resources: { cpu: 5, memory: 17, storage: 900 }, limits: { cpu: 8, memory: 32 } };
    expect(reserve(book, reservation("b", { ...more, capacity: 1 }), 5)[1]).toMatchObject({
      ok: false,
      by: "capacity",
      load: { capacity: 1, inFlight: 1, oldestMs: 5 },
    });
    expect(reserve(book, reservation("b", more), 5)[1]).toMatchObject({
      ok: false,
      by: "limits",
      violations: [
        { resource: "cpu", requested: 5, remaining: 4 },
        { resource: "memory", requested: 17, remaining: 16 },
      ],
    });
  });

  test("time is each task's own: what others take of it is nothing to it", () => {
    const asked = { resources: { time: 6_000 }, limits: { time: 10_000 } };
    const [book] = reserve(emptyBook, reservation("a", asked), 0);
    expect(reserve(book, reservation("b", asked), 0)[1]).toMatchObject({ ok: true });
    const more = { ...asked, resources: { time: 10_001 } };
    expect(reserve(book, reservation("c", more), 0)[1]).toMatchObject({
      violations: [{ resource: "time", requested: 10_001, remaining: 10_000 }],
    });
  });

  test("a task that is asked for twice has one place; one that has ended has none again", () => {
    let book: Book = emptyBook;
    [book] = reserve(book, reservation("a"), 0);
    const [again, reply] = reserve(book, reservation("a"), 7);
    expect([again, reply.ok]).toEqual([book, true]);
    book = finish(book, finished("a"), 10);
    const [late, lateReply] = reserve(book, reservation("a"), 20);
    expect([late, lateReply.ok]).toEqual([book, true]);
    expect(finish(book, finished("a", "failed"), 30)).toBe(book);
    expect(finish(book, finished("never"), 30)).toBe(book);
  });

  test("a clock that goes back makes no time negative", () => {
    let book: Book = emptyBook;
    [book] = reserve(book, reservation("a"), 1_000);
    [book] = reserve(book, reservation("b"), 500);
    expect(figuresOf(book, 400).load.oldestMs).toBe(0);
    book = finish(book, finished("a"), 700);
    expect(figuresOf(book, 700).service.read).toEqual({ ended: 1, failed: 0, meanMs: 0, deviationMs: 0 });
    expect(figuresOf(book, 100).load.throughput).toBe(figuresOf(book, 700).load.throughput);
  });

  test("is bounded: tasks in hand, tasks that have ended, types", () => {
    let book: Book = emptyBook;
    for (let n = 0; n <= heldMax; n++) [book] = reserve(book, reservation(`t${n}`, { capacity: 100_000 }), n);
    expect(book.held).toHaveLength(heldMax);
    for (let n = 0; n < heldMax; n++) book = finish(book, finished(`t${n}`), n);
    expect([book.held.length, book.ended.length]).toEqual([0, endedMax]);
    for (let n = 0; n <= servicesMax; n++) {
      [book] = reserve(book, reservation(`u${n}`, { taskType: `type${n}` }), n);
      book = finish(book, finished(`u${n}`), n);
    }
    expect(Object.keys(figuresOf(book, 0).service)).toEqual(
      Array.from({ length: servicesMax }, (_, n) => `type${n + 1}`),
    );
  });
});
