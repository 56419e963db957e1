export { Group } from "./group.ts";
export { isGroupRoot } from "./group-address.ts";
export type { GroupMember } from "./groups.ts";
