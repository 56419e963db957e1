import { expect, test } from "vitest";
import { createActor, SimulatedClock } from "xstate";
import { fromCall, qualityMonitorMachine } from "../../../machines/index.ts";
import type { ActorAddress, Alert } from "../../../protocols/index.ts";
import { type ModelState, pathsOf } from "../../../src/testing/model/index.ts";
import { monitorOptions } from "../../src/testing/model/authority-machines.ts";

const minute = 60_000;

/** A monitor in virtual time; in which minutes it has checked. */
function monitored(check: (n: number) => Promise<Alert[]>) {
  const clock = new SimulatedClock();
  const ticks: number[] = [];
  const checking = fromCall<Alert[], { readonly pipeline: string }>(() =>
    check(ticks.push(clock.now() / minute)),
  );
  const machine = qualityMonitorMachine.provide({ actors: { check: checking } });
  const actor = createActor(machine, {
    clock,
    input: { pipeline: "orders", alerts: "alerts.orders" as ActorAddress },
  });
  actor.start();
  actor.send({ type: "watch" });
  const pass = async (minutes: number): Promise<void> => {
    for (let n = 0; n < minutes * 60; n++) {
      await new Promise(setImmediate);
      clock.increment(1_000);
    }
    await new Promise(setImmediate);
  };
  return { actor, ticks, pass };
}

test("row 23: a monitor checks at 0, 5 and 10 minutes; after an error at 10 again at 11, and then every five", async () => {
  const { ticks, pass } = monitored(async (n) => {
    if (n === 3) throw new Error("no such table");
    return [];
  });
  await pass(22);
  expect(ticks).toEqual([0, 5, 10, 11, 16, 21]);
});

test("a check that is not over when the next is due has failed", async () => {
  const { actor, ticks, pass } = monitored((n) => (n === 1 ? new Promise(() => {}) : Promise.resolve([])));
  await pass(7);
  expect(ticks).toEqual([0, 6]);
  expect(actor.getSnapshot().context).toMatchObject({
    failures: 1,
    error: "the check was not over after 300000 ms",
  });
});

/** What is answered comes from the context: the state must be the same. */
const check = ({ snapshot }: ModelState): void => expect(snapshot.matches(snapshot.context.state)).toBe(true);

for (const path of pathsOf(qualityMonitorMachine, { ...monitorOptions, check }))
  test(path.name, () => path.run());
