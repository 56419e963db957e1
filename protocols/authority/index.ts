export * from "./approval.ts";
export * from "./audit.ts";
export {
  type Budget,
  budget,
  type DelegationRequest,
  type DelegationRequestInput,
  delegationRequest,
  type Fact,
  type Facts,
  type Priority,
  priorities,
  type ResourceAmounts,
  type ResourceName,
  type Role,
  type RoleInput,
  resourceAmounts,
  resourceNames,
  role,
} from "./authority.ts";
export * from "./decision.ts";
export * from "./delegation.ts";
export { dispatching, rebalancing } from "./dispatching.ts";
export * from "./escalation.ts";
export * from "./grant-token.ts";
export * from "./grants.ts";
export * from "./rules.ts";
export * from "./workload.ts";
