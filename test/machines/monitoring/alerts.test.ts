import { describe, expect, test } from "vitest";
import { createActor, SimulatedClock } from "xstate";
import { alertsMachine } from "../../../machines/index.ts";
import type { alerts, EmittedOf } from "../../../protocols/index.ts";
import { pathsOf } from "../../../src/testing/model/index.ts";
import { alertsOptions } from "../../src/testing/model/authority-machines.ts";

function openQueue() {
  const clock = new SimulatedClock();
  const actor = createActor(alertsMachine, { clock, input: { windowMs: 60_000 } });
  const deliveries: string[] = [];
  actor.on("alerted", ({ key, count, delivery }: EmittedOf<typeof alerts> & { type: "alerted" }) =>
    deliveries.push(`${clock.now() / 1_000} s: ${key} came ${count} times, delivery ${delivery}`),
  );
  actor.start();
  const alert = (key: string): void => actor.send({ type: "alert", key, summary: "", severity: "warning" });
  return { actor, clock, deliveries, alert };
}

describe("a queue of alerts", () => {
  test("row 24: the same alert twice in the window is one delivery, and of another key another", () => {
    const { clock, deliveries, alert } = openQueue();
    alert("nulls");
    clock.increment(59_000);
    alert("nulls");
    alert("late");
    expect(deliveries).toEqual([
      "0 s: nulls came 1 times, delivery 1",
      "59 s: late came 1 times, delivery 1",
    ]);
  });

  test("delivers again each window what nobody acknowledged, and counts what came", () => {
    const { clock, deliveries, alert } = openQueue();
    alert("nulls");
    alert("nulls");
    clock.increment(60_000);
    alert("nulls");
    clock.increment(60_000);
    expect(deliveries).toEqual([
      "0 s: nulls came 1 times, delivery 1",
      "60 s: nulls came 2 times, delivery 2",
      "120 s: nulls came 3 times, delivery 3",
    ]);
  });

  test("keeps more keys than it holds as one", () => {
    const { actor, deliveries, alert } = openQueue();
    for (let n = 0; n < 600; n++) alert(`key ${n}`);
    expect(deliveries).toHaveLength(501);
    expect(actor.getSnapshot().context.alerts.others).toMatchObject({ count: 100, deliveries: 1 });
  });
});

for (const path of pathsOf(alertsMachine, alertsOptions)) test(path.name, () => path.run());
