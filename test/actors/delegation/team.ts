import { type DelegationOptions, delegationActors, worker } from "../../../actors/index.ts";
import type { Job } from "../../../machines/index.ts";
import {
  type ActorAddress,
  type DelegationRequestInput,
  type RoleInput,
  workload,
} from "../../../protocols/index.ts";
import type { ActorDefinition, ActorSystem } from "../../../src/index.ts";

export const roles = {
  architect: { authority: "DATA_ARCHITECT" },
  manager: { authority: "PIPELINE_MANAGER" },
  coordinator: { authority: "STAGE_COORDINATOR" },
  validators: {
    authority: "PIPELINE_COLLABORATOR",
    capacity: 2,
    skills: { data_validation: 0.9, code_review: 0.9 },
  },
  checkers: {
    authority: "PIPELINE_COLLABORATOR",
    capacity: 2,
    skills: { data_validation: 0.6, code_review: 0.8 },
  },
} as const satisfies Record<string, RoleInput>;
export type Member = keyof typeof roles;

/** What the others do with a task, which takes as long as they are let. */
export type Perform = (member: Member, job: Job) => Promise<unknown> | unknown;

/** Starts the team on a node that lives as long as the test does. */
export async function startTeam(system: ActorSystem, perform: Perform): Promise<void> {
  for (const [member, role] of Object.entries(roles)) {
    const definition = worker((job) => perform(member as Member, job));
    await system.spawn(member, definition, { role });
  }
}

/** What hosts the books. */
export function books(options: DelegationOptions = {}): Readonly<Record<string, ActorDefinition>> {
  return delegationActors(options);
}

/** A coordinator has something validated; every rule's condition for it holds. */
export function validation(more: Partial<DelegationRequestInput> = {}): DelegationRequestInput {
  return {
    from: "coordinator" as ActorAddress,
    to: "validators" as ActorAddress,
    task: { type: "data_validation", payload: { file: "a" } },
    claims: { stage_scope: true, data_quality_threshold: 0.9 },
    ...more,
  };
}

/** A manager has something orchestrated, which wants an approval. */
export function orchestration(more: Partial<DelegationRequestInput> = {}): DelegationRequestInput {
  return {
    from: "manager" as ActorAddress,
    to: "coordinator" as ActorAddress,
    task: { type: "etl_orchestration", payload: {} },
    claims: { pipeline_scope: true },
    ...more,
  };
}

export async function inFlight(system: ActorSystem, member: Member): Promise<number> {
  const figures = await system
    .ref(`workload.${member}`, workload)
    .ask({ type: "figures" }, { withinMs: 20_000 });
  return figures.load.inFlight;
}
