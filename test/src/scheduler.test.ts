import { expect, test } from "vitest";
import { Scheduler, type Steps } from "../../src/scheduler.ts";
import { simulatedEnv } from "../support/simulated-env.ts";

/** A cell with so many messages, each of which takes so long. */
function cell(name: string, messages: number, story: string[], work: () => void = () => {}): Steps {
  let left = messages;
  return {
    step: () => {
      story.push(name);
      work();
      return --left > 0;
    },
  };
}

test("a cell with many messages lets the next one have its turn", async () => {
  const scheduler = new Scheduler(simulatedEnv());
  const story: string[] = [];
  scheduler.ready(cell("busy", 500, story));
  scheduler.ready(cell("other", 1, story));
  await Promise.resolve();
  expect(story.indexOf("other")).toBe(64);
});

test("long turns let the event loop breathe: a slice ends by time, not only by number", async () => {
  const env = simulatedEnv();
  const scheduler = new Scheduler(env);
  const story: string[] = [];
  scheduler.ready(cell("slow", 100, story, () => env.advance(1)));
  await Promise.resolve();
  expect(story.length).toBeLessThanOrEqual(16);
});

test("whatever the lengths of the turns, every message is worked on once", async () => {
  const env = simulatedEnv();
  const scheduler = new Scheduler(env);
  const story: string[] = [];
  for (let i = 0; i < 20; i++) {
    scheduler.ready(cell(`${i}`, 150, story, () => env.advance(i % 3 === 0 ? 1 : 0)));
  }
  for (let i = 0; i < 500; i++) {
    await Promise.resolve();
    env.settle();
  }
  expect(story).toHaveLength(3_000);
});

test("where a mailbox fills up, slices follow one another for a while before the event loop breathes", async () => {
  const env = simulatedEnv();
  const scheduler = new Scheduler(env);
  const story: string[] = [];
  let elapsedMs = 0;
  // To advance the simulated clock would let the event loop breathe.
  env.monotonicMs = () => elapsedMs;
  const full = cell("full", 100_000, story, () => void elapsedMs++);
  scheduler.ready({
    step: () => {
      scheduler.hurry();
      return full.step();
    },
  });
  await Promise.resolve();
  const slice = story.length;
  for (let i = 0; i < 100; i++) await Promise.resolve();
  expect(story.length).toBeGreaterThan(slice + 32);
  expect(story.length).toBeLessThanOrEqual(slice + 48);
});
