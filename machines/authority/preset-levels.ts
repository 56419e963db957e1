import type { AuthorityLevel } from "../../protocols/index.ts";

/** The levels and operations of a rule set that names none of its own. */
export const presetOperations: Record<string, string[]> = {
  execute: ["work.work"],
  askPeers: ["delegation.delegate", "delegation.status", "delegation.result"],
  delegate: ["delegation.delegate", "delegation.status", "delegation.result", "delegation.revoke"],
  coordinateStage: ["escalation.raise", "approval.open"],
  managePipeline: ["approval.decide", "approval.status", "escalation.decide"],
  decideEnterprise: ["rules.replace", "grants.revoke"],
};

/** Five, each above the one before. */
export const presetLevels: Record<string, AuthorityLevel> = {
  DATA_PROCESSOR: { over: [], may: ["execute"] },
  PIPELINE_COLLABORATOR: { over: ["DATA_PROCESSOR"], may: ["askPeers", "delegate"] },
  STAGE_COORDINATOR: { over: ["PIPELINE_COLLABORATOR"], may: ["coordinateStage"] },
  PIPELINE_MANAGER: { over: ["STAGE_COORDINATOR"], may: ["managePipeline"] },
  DATA_ARCHITECT: { over: ["PIPELINE_MANAGER"], may: ["decideEnterprise"] },
};
