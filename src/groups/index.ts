export { Group } from "./group.ts";
export { groupsBucket, isGroupRoot } from "./group-address.ts";
export type { GroupMember } from "./groups.ts";
