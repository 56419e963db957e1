import type { Budget, GrantTerms } from "../../protocols/index.ts";
import { budgetUnits, lessOf } from "./narrow.ts";

/** What has been spent, or is reserved, in each unit. */
export type Spent = { readonly [K in (typeof budgetUnits)[number]]: number };

/** A grant as its book has it. */
export interface KeptGrant {
  readonly id: string;
  /** Undefined of the root. */
  readonly parent: string | undefined;
  readonly terms: GrantTerms;
  readonly zone: string | undefined;
  /** By it and all below it, what is reserved and not settled included. */
  readonly spent: Spent;
  /** Why it was revoked; undefined where it was not. */
  readonly revoked: string | undefined;
}

export interface Reservation {
  readonly grant: string;
  readonly at: Spent;
}

/** All grants under one root, and what is spent under them. Plain data; each step makes a new one. */
export interface GrantBook {
  readonly grants: Readonly<Record<string, KeptGrant>>;
  /** Not settled yet. */
  readonly reservations: Readonly<Record<string, Reservation>>;
}

export interface GrantLimits {
  /** Grants in a book; beyond it those that are over are forgotten, then no more are issued. Default 500. */
  readonly grantsMax: number;
  /** Reservations that are not settled; beyond it nothing is spent. Default 1,000. */
  readonly reservationsMax: number;
  /** Requests that wait while the clock is read or tokens are signed; more are refused. Default 1,000. */
  readonly waitingMax: number;
}

export const grantLimitsDefault: GrantLimits = { grantsMax: 500, reservationsMax: 1_000, waitingMax: 1_000 };

/** What a step came to: the book as it is now, or why nothing has changed. */
export type BookStep<T = unknown> =
  | ({ readonly ok: true; readonly book: GrantBook } & T)
  | { readonly ok: false; readonly reason: string };

export const emptyGrantBook: GrantBook = { grants: {}, reservations: {} };
export const nothingSpent: Spent = { timeMs: 0, tokens: 0, moneyMicros: 0 };

export function refusal(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

export function grantOf({ grants }: GrantBook, id: string): KeptGrant | undefined {
  return Object.hasOwn(grants, id) ? grants[id] : undefined;
}

export function reservationOf({ reservations }: GrantBook, name: string): Reservation | undefined {
  return Object.hasOwn(reservations, name) ? reservations[name] : undefined;
}

/** The grant and all above it, up to the root; empty where there is no such grant. */
export function chainOf(book: GrantBook, id: string): readonly KeptGrant[] {
  const chain: KeptGrant[] = [];
  for (let next = grantOf(book, id); next !== undefined; ) {
    chain.push(next);
    next = next.parent === undefined ? undefined : grantOf(book, next.parent);
  }
  return chain;
}

/** Why a grant does not stand; undefined where it does: it and all above it are neither revoked nor over. */
export function whyFallen(book: GrantBook, id: string, nowMs: number): string | undefined {
  const chain = chainOf(book, id);
  if (chain.length === 0) return `Expected a grant of this book, got "${id}"`;
  for (const { id: each, revoked, terms } of chain) {
    if (revoked !== undefined) return `Grant ${each} was revoked: ${revoked}`;
    if (terms.untilMs <= nowMs) return `Grant ${each} was given until ${terms.untilMs}, and it is ${nowMs}`;
  }
  return undefined;
}

/** What may still be spent under a grant: the least that it and those above it have left. */
export function leftOf(book: GrantBook, id: string): Budget {
  return chainOf(book, id).reduce<Budget>((left, { terms: { budget }, spent }) => {
    const own: Budget = {};
    for (const unit of budgetUnits) {
      const bound = budget[unit];
      if (bound !== undefined) own[unit] = bound - spent[unit];
    }
    return lessOf(left, own);
  }, {});
}

/** The book with some of its grants changed. */
export function changed(book: GrantBook, grants: readonly KeptGrant[]): GrantBook {
  return {
    ...book,
    grants: { ...book.grants, ...Object.fromEntries(grants.map((each) => [each.id, each])) },
  };
}

/** What the book says of a grant when it is asked. */
export function statusOf(
  book: GrantBook,
  id: string,
  nowMs: number,
): { stands: boolean; reason: string; terms?: GrantTerms; left: Budget } {
  const fallen = whyFallen(book, id, nowMs);
  const terms = grantOf(book, id)?.terms;
  const known = terms === undefined ? {} : { terms };
  return { stands: fallen === undefined, reason: fallen ?? "", ...known, left: leftOf(book, id) };
}
