import type { Budget } from "../../protocols/index.ts";
import {
  type BookStep,
  chainOf,
  changed,
  type GrantBook,
  type GrantLimits,
  grantLimitsDefault,
  leftOf,
  type Reservation,
  refusal,
  reservationOf,
  type Spent,
  whyFallen,
} from "./book.ts";
import { budgetUnits } from "./narrow.ts";

export interface SpendRequest {
  readonly id: string;
  readonly reservation: string;
  readonly at: Budget;
}

/**
 * C12: takes from a grant and all above it before a call is made, so that whatever runs at the same time never comes to more
 * than any of them has. The same again, as long as it is not settled, is taken once.
 */
export function spent(
  book: GrantBook,
  { id, reservation: name, at }: SpendRequest,
  nowMs: number,
  { reservationsMax }: GrantLimits = grantLimitsDefault,
): BookStep<{ readonly left: Budget }> {
  const fallen = whyFallen(book, id, nowMs);
  if (fallen !== undefined) return refusal(fallen);
  const known = reservationOf(book, name);
  if (known !== undefined) {
    if (known.grant === id) return { ok: true, book, left: leftOf(book, id) };
    return refusal(`Expected a reservation of its own, "${name}" is one under ${known.grant}`);
  }
  const asked = amountsOf(at);
  for (const { id: each, terms, spent: before } of chainOf(book, id)) {
    for (const unit of budgetUnits) {
      const bound = terms.budget[unit];
      if (bound !== undefined && before[unit] + asked[unit] > bound)
        return refusal(
          `Expected at most ${bound - before[unit]} ${unit}, what grant ${each} has left, got ${asked[unit]}`,
        );
    }
  }
  if (Object.keys(book.reservations).length >= reservationsMax)
    return refusal(`Expected what was reserved to be settled, ${reservationsMax} reservations are open`);
  const taken = moved(book, id, asked, 1);
  const reservations = { ...book.reservations, [name]: { grant: id, at: asked } satisfies Reservation };
  const after = { ...taken, reservations };
  return { ok: true, book: after, left: leftOf(after, id) };
}

/** What the call came to, at most what was reserved, stays taken; the rest is given back. What is not reserved changes nothing. */
export function settled(book: GrantBook, name: string, came: Budget): GrantBook {
  const reservation = reservationOf(book, name);
  if (reservation === undefined) return book;
  const { [name]: _, ...reservations } = book.reservations;
  const { at, grant } = reservation;
  const cost = amountsOf(came);
  const rest = { ...at };
  for (const unit of budgetUnits) rest[unit] = Math.max(0, at[unit] - cost[unit]);
  return { ...moved(book, grant, rest, -1), reservations };
}

function amountsOf(budget: Budget): { -readonly [K in keyof Spent]: number } {
  const { timeMs = 0, tokens = 0, moneyMicros = 0 } = budget;
  return { timeMs, tokens, moneyMicros };
}

function moved(book: GrantBook, id: string, by: Spent, sign: 1 | -1): GrantBook {
  const grants = chainOf(book, id).map((grant) => {
    const sums = { ...grant.spent } as { -readonly [K in keyof Spent]: number };
    for (const unit of budgetUnits) sums[unit] = Math.max(0, sums[unit] + sign * by[unit]);
    return { ...grant, spent: sums };
  });
  return changed(book, grants);
}
