import { defineRules } from "./rule-set.ts";

/**
 * Rules for teams that work on an enterprise's data: four, one for each step down the levels that delegate, and one among
 * peers. Limits are cores, GB, GB, Mbit/s.
 */
export const enterpriseData = defineRules({
  name: "enterpriseData",
  rules: [
    {
      name: "architect_to_manager",
      from: "DATA_ARCHITECT",
      to: "PIPELINE_MANAGER",
      tasks: ["data_strategy", "architecture_design", "pipeline_optimization", "data_governance"],
      conditions: { data_complexity: ">= 0.8", business_impact: "enterprise" },
      limits: { cpu: 100, memory: 500, storage: 10_000, bandwidth: 1_000 },
      escalationPath: ["chief_data_officer"],
    },
    {
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
      name: "coordinator_to_collaborator",
      from: "STAGE_COORDINATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["data_transformation", "data_validation", "schema_mapping", "data_profiling"],
      conditions: { stage_scope: true, data_quality_threshold: ">= 0.85" },
      limits: { cpu: 20, memory: 100, storage: 2_000, bandwidth: 200 },
      escalationPath: ["pipeline_manager", "data_architect"],
    },
    {
      name: "among_peers",
      from: "PIPELINE_COLLABORATOR",
      to: "PIPELINE_COLLABORATOR",
      tasks: ["code_review", "schema_consultation", "quality_validation", "troubleshooting"],
      conditions: { peer_level: true, data_workload: "<= 0.8", expertise_match: ">= 0.7" },
      limits: { cpu: 5, memory: 20, time: "2_hours" },
      escalationPath: ["stage_coordinator"],
      dataGovernanceRequired: false,
      qualityValidationRequired: false,
    },
  ],
  governance: {
    classifications: {
      public: {},
      internal: {},
      confidential: { purposes: ["analytics", "operations", "compliance"], retentionMaxMs: "365_days" },
      restricted: { purposes: ["compliance"], retentionMaxMs: "30_days", tools: [] },
    },
  },
});
