import type { DelegationRule, RuleSet } from "../../protocols/index.ts";
import { presetLevels, presetOperations } from "./preset-levels.ts";

const dayMs = 86_400_000;

/** What all four have in common, unless they say otherwise. */
const common = {
  approvalRequired: false,
  dataGovernanceRequired: true,
  qualityValidationRequired: true,
} as const satisfies Partial<DelegationRule>;

/**
 * Rules for teams that work on an enterprise's data: four, one for each step down the levels that delegate, and one among
 * peers. Limits are cores, GB, GB, Mbit/s, milliseconds. It is written as `defineRules` would make it, which whoever imports
 * us need not wait for.
 */
export const enterpriseData: RuleSet = {
  name: "enterpriseData",
  operations: presetOperations,
  levels: presetLevels,
  rules: [
    {
      ...common,
      name: "architect_to_manager",
      from: "DATA_ARCHITECT",
      to: "PIPELINE_MANAGER",
      tasks: ["data_strategy", "architecture_design", "pipeline_optimization", "data_governance"],
      conditions: { data_complexity: ">= 0.8", business_impact: "enterprise" },
      limits: { cpu: 100, memory: 500, storage: 10_000, bandwidth: 1_000 },
      escalationPath: ["chief_data_officer"],
    },
    {
      ...common,
      name: "manager_to_coordinator",
      from: "PIPELINE_MANAGER",
      to: "STAGE_COORDINATOR",
      tasks: ["etl_orchestration", "data_quality_management", "pipeline_monitoring", "performance_tuning"],
      conditions: { pipeline_scope: true, sla_deadline: "<= 24_hours" },
      limits: { cpu: 50, memory: 200, storage: 5_000, bandwidth: 500 },
      approvalRequired: true,
      escalationPath: ["data_engineering_lead", "data_architect"],
    },
    {
      ...common,
      name: "coordinator_to_collaborator",
      from: "STAGE_COORDINATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["data_transformation", "data_validation", "schema_mapping", "data_profiling"],
      conditions: { stage_scope: true, data_quality_threshold: ">= 0.85" },
      limits: { cpu: 20, memory: 100, storage: 2_000, bandwidth: 200 },
      escalationPath: ["pipeline_manager", "data_architect"],
    },
    {
      ...common,
      name: "among_peers",
      from: "PIPELINE_COLLABORATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["code_review", "schema_consultation", "quality_validation", "troubleshooting"],
      conditions: { peer_level: true, data_workload: "<= 0.8", expertise_match: ">= 0.7" },
      limits: { cpu: 5, memory: 20, time: 7_200_000 },
      escalationPath: ["stage_coordinator"],
      dataGovernanceRequired: false,
      qualityValidationRequired: false,
    },
  ],
  governance: {
    gates: [],
    classifications: {
      public: {},
      internal: {},
      confidential: { purposes: ["analytics", "operations", "compliance"], retentionMaxMs: 365 * dayMs },
      restricted: { purposes: ["compliance"], retentionMaxMs: 30 * dayMs, tools: [] },
    },
  },
  escalationPath: ["stage_coordinator", "pipeline_manager"],
};
