import {
  type ActorAddress,
  type DelegationRequest,
  type DelegationRequestInput,
  delegationRequest,
  type Role,
  type RoleInput,
  role,
  type Situation,
} from "../../../protocols/index.ts";

export const [boss, crew] = ["crew.boss", "crew.bow"] as ActorAddress[] as [ActorAddress, ActorAddress];

export const hourMs = 3_600_000;
export const nowMs = 1_000_000;

export function aRole(authority: string, more: Partial<RoleInput> = {}): Role {
  return role.parse({ authority, ...more });
}

export function aSituation(more: Partial<Situation> = {}): Situation {
  return {
    atMs: nowMs,
    rules: { version: 7, hash: "h" },
    from: aRole("PIPELINE_MANAGER"),
    to: aRole("STAGE_COORDINATOR"),
    load: { capacity: 10, inFlight: 2, held: {}, throughput: 0.8, oldestMs: 0 },
    measured: {},
    alternatives: [],
    ...more,
  };
}

type Asked = Partial<DelegationRequestInput>;

function asked(type: string, claims: DelegationRequest["claims"], more: Asked): DelegationRequest {
  return delegationRequest.parse({ from: boss, to: crew, task: { type, payload: null }, claims, ...more });
}

/** A request of the kind each rule of the preset is for, which it allows in the situation beside it. */
export const byRule = {
  architect_to_manager: {
    request: (more: Asked = {}) =>
      asked("data_strategy", { data_complexity: 0.8, business_impact: "enterprise" }, more),
    situation: (more: Partial<Situation> = {}) =>
      aSituation({ from: aRole("DATA_ARCHITECT"), to: aRole("PIPELINE_MANAGER"), ...more }),
  },
  manager_to_coordinator: {
    request: (more: Asked = {}) =>
      asked("etl_orchestration", { pipeline_scope: true }, { deadlineMs: nowMs + 24 * hourMs, ...more }),
    situation: aSituation,
  },
  coordinator_to_collaborator: {
    request: (more: Asked = {}) =>
      asked("data_validation", { stage_scope: true, data_quality_threshold: 0.85 }, more),
    situation: (more: Partial<Situation> = {}) =>
      aSituation({ from: aRole("STAGE_COORDINATOR"), to: aRole("PIPELINE_COLLABORATOR"), ...more }),
  },
  among_peers: {
    request: (more: Asked = {}) => asked("code_review", {}, more),
    situation: (more: Partial<Situation> = {}) =>
      aSituation({
        from: aRole("PIPELINE_COLLABORATOR"),
        to: aRole("PIPELINE_COLLABORATOR", { skills: { code_review: 0.7 } }),
        ...more,
      }),
  },
} as const;
