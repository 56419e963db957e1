import { chainOf, changed, type GrantBook, grantOf } from "./book.ts";

/** What is kept of a reason, in characters. */
const reasonMax = 200;

/** The grant and all below it end at once. Those that had ended stay as they are. @returns the ids of the others */
export function revoked(
  book: GrantBook,
  id: string,
  reason: string,
): { readonly book: GrantBook; readonly ids: readonly string[] } {
  if (grantOf(book, id) === undefined) return { book, ids: [] };
  const ended = Object.values(book.grants)
    .filter((grant) => grant.revoked === undefined && chainOf(book, grant.id).some((each) => each.id === id))
    .map((grant) => ({ ...grant, revoked: reason.slice(0, reasonMax) }));
  return { book: changed(book, ended), ids: ended.map((grant) => grant.id) };
}
