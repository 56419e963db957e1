import { type ActorAddress, actorAddress, nameToken } from "../../protocols/index.ts";

const prefix = "group-";

/** Where a group is told something that one of its members does. @throws OPTION_INVALID */
export function groupAddress(group: string): ActorAddress {
  return actorAddress(`${prefix}${nameToken("a group's name", group)}`);
}

/** Where all members are told. */
export function all(group: ActorAddress): ActorAddress {
  return actorAddress(`${group}.all`);
}

/** Whether a root name is a group's: no actor lives there. */
export function isGroupRoot(root: string): boolean {
  return root.startsWith(prefix);
}

/** Who belongs to which group. */
export function groupsBucket(system: string): string {
  return `cx_${system}_groups`;
}
