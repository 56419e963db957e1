import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { balancers, type WorkerView } from "../../../machines/balancing/index.ts";

function view(worker: string, about: Partial<WorkerView> = {}): WorkerView {
  return { worker, capacity: 1, running: 0, queued: 0, freeInMs: 0, serviceMs: 100, ...about };
}

const all = Object.entries(balancers);
const draw = { chance: 0.5, turn: 0 };
const anyWorkers = fc
  .array(
    fc.record({
      capacity: fc.nat({ max: 3 }),
      running: fc.nat({ max: 3 }),
      queued: fc.nat({ max: 5 }),
      freeInMs: fc.nat({ max: 1_000 }),
      serviceMs: fc.nat({ max: 1_000 }),
    }),
    { maxLength: 6 },
  )
  .map((views) => views.map((one, n) => view(`w${n}`, one)));

describe("a balancer", () => {
  test.each(all)("%s chooses one that takes work, whenever there is one", (_, balancer) => {
    fc.assert(
      fc.property(
        anyWorkers,
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        fc.nat(),
        (workers, chance, turn) => {
          const chosen = balancer(workers, { chance, turn });
          const open = workers.filter(({ capacity }) => capacity > 0).map(({ worker }) => worker);
          if (open.length === 0) expect(chosen).toBeUndefined();
          else expect(open).toContain(chosen);
        },
      ),
    );
  });

  test("roundRobin gives each its turn", () => {
    const workers = [view("a"), view("b", { capacity: 0 }), view("c", { running: 9 })];
    expect([0, 1, 2].map((turn) => balancers.roundRobin(workers, { chance: 0, turn }))).toEqual([
      "a",
      "c",
      "a",
    ]);
  });

  test("leastLoaded counts what runs and waits, for each place", () => {
    const workers = [
      view("a", { running: 1, queued: 1 }),
      view("b", { capacity: 4, running: 4 }),
      view("c", { queued: 2 }),
    ];
    expect(balancers.leastLoaded(workers, draw)).toBe("b");
  });

  test("powerOfTwo draws every pair alike, and takes the less loaded of it", () => {
    const workers = [view("a", { queued: 2 }), view("b", { queued: 1 }), view("c")];
    const drawn = Array.from({ length: 6 }, (_, n) =>
      balancers.powerOfTwo(workers, { chance: (n + 0.5) / 6, turn: 0 }),
    );
    expect(drawn.toSorted()).toEqual(["b", "b", "c", "c", "c", "c"]);
  });

  test("skillAndHistory lets a task wait for a fast worker rather than start it at a slow one", () => {
    const workers = [view("slow", { serviceMs: 900 }), view("fast", { freeInMs: 200, serviceMs: 100 })];
    expect(balancers.skillAndHistory(workers, draw)).toBe("fast");
    expect(balancers.leastLoaded([...workers.slice(0, 1), view("fast", { running: 1 })], draw)).toBe("slow");
  });
});
