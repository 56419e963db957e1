import { createSystem, defineActor } from "coxswain";
import { isTo, natsProxy } from "coxswain/testing";
import { expect, test } from "vitest";
import { ledger } from "./ledger.ts";
import { billing, work } from "./protocols.ts";
import { worker } from "./worker.ts";

test("over a real server, a job whose answer is lost is charged once", async () => {
  await using office = await createSystem({ name: "guide", node: "office" });
  const ref = await office.spawn("ledger", defineActor({ protocol: billing, machine: ledger }));
  // #region proxy
  await using proxy = await natsProxy({ target: office.url });
  await using desk = await createSystem({ name: "guide", node: "desk", servers: proxy.url });
  const answer = proxy.drop(isTo("cx.guide.in.*.anna", "toClient"));
  const paid = new Promise((resolve) => desk.ref("anna", work).on("paid", resolve));
  const machine = worker.provide({ delays: { patience: 200 } });
  await desk.spawn("anna", defineActor({ protocol: work, machine }), { input: { job: "a" } });
  await Promise.all([answer.matched, paid]);
  // #endregion
  expect(await ref.ask({ type: "charges", job: "a" })).toEqual({ count: 1 });
});
