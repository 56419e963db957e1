import type { GrantClaims } from "../../protocols/index.ts";
import type { KeptGrant } from "./book.ts";

/** Claims whose zone, where the root's request did not say, is that of whoever signs. */
export type Unzoned = Omit<GrantClaims, "zone"> & { readonly zone: string | undefined };

export function claimsFor(root: string, { id, zone, terms }: KeptGrant): Unzoned {
  return { root, id, zone, terms };
}
