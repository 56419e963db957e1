import { createSystem, defineActor } from "coxswain";
import { expectNoDeadLetters, scriptPeer, spawnProbe, telling } from "coxswain/testing";
import { expect, test } from "vitest";
import { ledger } from "./ledger.ts";
import { billing, work } from "./protocols.ts";
import { worker } from "./worker.ts";

test("the ledger answers every charge, and books each job once", async () => {
  // #region probe
  await using system = await createSystem({ name: "guide", transport: "memory" });
  const ref = await system.spawn("ledger", defineActor({ protocol: billing, machine: ledger }));
  await using anna = await spawnProbe(system, "anna", work);
  await using ben = await spawnProbe(system, "ben", work);
  for (const probe of [anna, ben, anna]) {
    probe.tell(billing, "ledger", { type: "charge", job: probe.address });
    await probe.expectMessage({ type: "charged", job: probe.address }, { withinMs: 1_000 });
  }
  expect(await ref.ask({ type: "charges", job: "anna" })).toEqual({ count: 1 });
  await ben.expectNoMessage();
  await expectNoDeadLetters(system);
  // #endregion
});

test("a worker whose answer is lost charges once more", async () => {
  await using system = await createSystem({ name: "guide", transport: "memory" });
  // #region script
  await using ledger = await scriptPeer(system, "ledger", billing, [
    { expect: { type: "charge", job: "a" } }, // no answer
    { expect: { type: "charge", job: "a" }, tell: telling(work, { type: "charged", job: "a" }) },
  ]);
  const machine = worker.provide({ delays: { patience: 20 } });
  await system.spawn("anna", defineActor({ protocol: work, machine }), { input: { job: "a" } });
  await ledger.expectDone();
  // #endregion
});
