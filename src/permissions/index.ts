export type { LevelRules } from "./level-reach.ts";
export { inboxPrefixOf, type Permission, subjectsOf, type UserPermissions } from "./permission.ts";
export {
  type ConfigOptions,
  type Credential,
  passwordVariable,
  permissionsConfig,
  userName,
} from "./permissions-config.ts";
export type { ClientPlan, Hosted, NodePlan, SystemPlan } from "./plan.ts";
export { provision } from "./provision.ts";
export { systemPermissions } from "./system-permissions.ts";
