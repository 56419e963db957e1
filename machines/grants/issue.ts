import {
  type ActorAddress,
  claimsBytes,
  claimsText,
  type GrantTerms,
  grantClaimsMaxBytes,
} from "../../protocols/index.ts";
import {
  type BookStep,
  changed,
  type GrantBook,
  type GrantLimits,
  grantLimitsDefault,
  grantOf,
  type KeptGrant,
  nothingSpent,
  refusal,
  whyFallen,
} from "./book.ts";
import { reaches, wider } from "./narrow.ts";

/** Of a root that does not say, the zone is that of the node that signs it. */
const longestZone = "z".repeat(64);

export interface IssueRequest {
  readonly id: string;
  readonly parent?: string | undefined;
  readonly by: ActorAddress;
  readonly terms: GrantTerms;
  readonly zone?: string | undefined;
}

/**
 * S4: gives a grant, within its parent in every term. The root is given once. The same again, under its id, is the first.
 *
 * @param root the book's key, which is part of what the token says
 */
export function issued(
  book: GrantBook,
  request: IssueRequest,
  root: string,
  nowMs: number,
  limits: GrantLimits = grantLimitsDefault,
): BookStep<{ readonly grant: KeptGrant }> {
  const { id, parent: parentId, terms } = request;
  const parent = parentId === undefined ? undefined : grantOf(book, parentId);
  const zone = request.zone ?? parent?.zone;
  const grant: KeptGrant = { id, parent: parentId, terms, zone, spent: nothingSpent, revoked: undefined };
  const known = grantOf(book, id);
  if (known !== undefined) {
    const isSame = textOf(known) === textOf(grant);
    return isSame ? { ok: true, book, grant: known } : refusal(`Expected an id of its own, "${id}" is given`);
  }
  const wrong =
    parentId === undefined ? rootObjection(book) : childObjection(book, parentId, parent, request, nowMs);
  if (wrong !== undefined) return refusal(wrong);
  if (terms.untilMs <= nowMs) return refusal(`Expected an end after ${nowMs}, got ${terms.untilMs}`);
  const bytes = claimsBytes({ root, id, zone: zone ?? longestZone, terms });
  if (bytes > grantClaimsMaxBytes)
    return refusal(`Expected terms that a token holds, ${grantClaimsMaxBytes} bytes, got ${bytes}`);
  const roomy =
    Object.keys(book.grants).length < limits.grantsMax ? book : withoutFallen(book, parentId, nowMs);
  if (Object.keys(roomy.grants).length >= limits.grantsMax)
    return refusal(`Expected room for another grant, there are ${limits.grantsMax} that stand`);
  return { ok: true, book: changed(roomy, [grant]), grant };
}

function textOf({ parent, terms, zone }: KeptGrant): string {
  return JSON.stringify([parent ?? "", claimsText({ root: "", id: "", zone: zone ?? "", terms })]);
}

function rootObjection(book: GrantBook): string | undefined {
  const root = Object.values(book.grants).find(({ parent }) => parent === undefined);
  return root && `Expected a parent: the root of this book is given, it is ${root.id}`;
}

function childObjection(
  book: GrantBook,
  parentId: string,
  parent: KeptGrant | undefined,
  { by, terms, zone }: IssueRequest,
  nowMs: number,
): string | undefined {
  const fallen = whyFallen(book, parentId, nowMs);
  if (parent === undefined || fallen !== undefined) return fallen;
  if (by !== parent.terms.holder && !reaches(parent.terms.audience, by))
    return `Expected ${parentId} to be narrowed by its holder ${parent.terms.holder} or one it may ask, got ${by}`;
  if (parent.zone !== undefined && zone !== undefined && zone !== parent.zone)
    return `Expected a grant under ${parentId} to stay in zone ${parent.zone}, got ${zone}`;
  const found = wider(parent.terms, terms);
  return found.length === 0
    ? undefined
    : `Expected terms within those of ${parentId}, wider: ${found.join("; ")}`;
}

/** Forgets what is over, with nothing below it and nothing reserved under it; never the one that is to be a parent. */
function withoutFallen(book: GrantBook, keep: string | undefined, nowMs: number): GrantBook {
  let grants = { ...book.grants };
  const reserved = new Set(Object.values(book.reservations).map(({ grant }) => grant));
  for (let before = -1; before !== Object.keys(grants).length; ) {
    before = Object.keys(grants).length;
    const parents = new Set(Object.values(grants).map(({ parent }) => parent));
    const stays = ({ id, parent }: KeptGrant): boolean =>
      parent === undefined ||
      id === keep ||
      parents.has(id) ||
      reserved.has(id) ||
      whyFallen(book, id, nowMs) === undefined;
    grants = Object.fromEntries(Object.entries(grants).filter(([, grant]) => stays(grant)));
  }
  return { ...book, grants };
}
