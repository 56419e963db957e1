import { expect, test } from "vitest";
import { dispatcher, reportUsage, worker } from "../../actors/index.ts";
import { createSystem } from "../../src/index.ts";

test("row 86: the score of a worker falls while its process is busy, and what a process uses is said until its system is closed", async () => {
  await using system = await createSystem({ name: "busy", transport: "memory" });
  const hands = await system.spawn(
    "hands",
    worker(() => null),
  );
  const ref = await system.spawn("queue", dispatcher());
  ref.tell({ type: "enrol", worker: hands.address, capacity: 1, skills: {} });
  const score = async () => (await ref.ask({ type: "figures" })).workers[0]?.score;
  const idle = await score();
  using _ = reportUsage(ref, [hands.address], { everyMs: 20 });
  const busy = (): void => {
    const untilMs = performance.now() + 15;
    while (performance.now() < untilMs);
  };
  await expect
    .poll(
      async () => {
        busy();
        return score();
      },
      { interval: 1, timeout: 20_000 },
    )
    .toBeLessThan((idle as number) - 3);
  expect(() => reportUsage(ref, [], { everyMs: 0 })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});
