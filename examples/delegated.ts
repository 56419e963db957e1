// Who may do what on whose behalf: tasks are delegated under rules, refused with a reason, and wait for an approval.
// Run it: coxswain run examples/delegated.ts
//
// The rules are the preset's: from architects to managers, to coordinators, to collaborators, and among peers.
import { createSystem } from "coxswain";
import { decideApproval, delegate, delegationActors, worker } from "coxswain/actors";
import { approval } from "coxswain/protocols";

await using system = await createSystem({ name: "warehouse", actors: delegationActors() });

const perform = ({ task }: { task: unknown }): string => `did ${(task as { type: string }).type}`;
await system.spawn("planning", worker(perform), { role: { authority: "DATA_ARCHITECT" } });
await system.spawn("orders", worker(perform), { role: { authority: "PIPELINE_MANAGER", capacity: 1 } });
await system.spawn("returns", worker(perform), { role: { authority: "PIPELINE_MANAGER", capacity: 1 } });
await system.spawn("loading", worker(perform), { role: { authority: "STAGE_COORDINATOR" } });

// A condition that does not hold is named, and so is who may decide otherwise.
const design = { type: "architecture_design", payload: "one schema for orders and returns" };
const claims = { data_complexity: 0.79, business_impact: "enterprise" };
const simple = await delegate(system, { from: "planning", to: "orders", task: design, claims });
if (!simple.decision.ok)
  console.log(`refused: ${simple.decision.reason}; may be asked: ${simple.decision.escalationPath}`);

// A result is there once the task is done, and only then.
const complex = { ...claims, data_complexity: 0.8 };
const designed = await delegate(system, { from: "planning", to: "orders", task: design, claims: complex });
const ended = await designed.result();
if (ended.status === "done") console.log(`done: ${ended.result}`);

// Nobody has power over those above.
const upward = await delegate(system, { from: "loading", to: "planning", task: design });
if (!upward.decision.ok) console.log(`refused: ${upward.decision.reason}`);

// Where the rule wants an approval, work waits for one: from here, from the command line, from any NATS client.
const gate = system.ref("approval.nightly", approval).on("approvalWanted");
const nightly = await delegate(
  system,
  {
    from: "orders",
    to: "loading",
    task: { type: "etl_orchestration", payload: "every night" },
    claims: { pipeline_scope: true },
    deadlineMs: Date.now() + 12 * 3_600_000,
  },
  { id: "nightly" },
);
for await (const { summary, hash } of gate) {
  console.log(`waits: ${summary}`);
  await decideApproval(system, "nightly", { approve: true, by: "night shift", hash });
  break;
}
const loaded = await nightly.result();
if (loaded.status === "done") console.log(`done: ${loaded.result}`);
