import fc from "fast-check";
import { expect, test } from "vitest";
import { dequeued, emptyQueue, enqueue, headOf, type Queue } from "../../../machines/supervision/queue.ts";

test("what comes first goes first, as in a list", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat()), { maxLength: 200 }), (steps) => {
      const model: number[] = [];
      let queue: Queue<number> = emptyQueue;
      for (const value of steps) {
        if (value === null) model.shift();
        else model.push(value);
        queue = value === null ? dequeued(queue) : enqueue(queue, value);
        expect(headOf(queue)).toBe(model[0]);
      }
    }),
  );
});
