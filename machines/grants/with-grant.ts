import { actorAddress, type Budget, type CallerGrant, CoxswainError, grants } from "../../protocols/index.ts";
import type { Call } from "../calls.ts";

export interface GrantUse {
  /** The caller's, as the event had it: what a deputy does for somebody it does under that one's grant, never its own. */
  readonly grant: CallerGrant | undefined;
  readonly tool: string;
  /** What the call may come to at most: taken before it is made. */
  readonly at: Budget;
  /** How long its book may take to answer, in milliseconds; default 5,000. */
  readonly withinMs?: number;
}

export interface GrantMeter {
  /** What the call came to. The last word counts; without one, all that was taken stays taken. */
  came(budget: Budget): void;
}

/** What a reservation's name may come to. Of a longer key the end tells it from others. */
const reservationMax = 256;

/**
 * Makes a call under the caller's grant: takes its cost from the budget first, and settles it afterwards. The book is asked, so
 * that a grant that was revoked or is spent refuses it, and calls made at the same time never come to more than it has.
 *
 * A call of a durable actor that begins again after a crash takes its cost once, if it was not settled.
 *
 * Rejects with NOT_GRANTED where no grant came or the tool is none of it, REFUSED where the book refuses, and with whatever
 * `run` or an `ask` rejects with.
 *
 * @example
 * fromCall((call: Call<{ grant: CallerGrant; question: string }>) =>
 *   withGrant(call, { grant: call.input.grant, tool: "search", at: { tokens: 500 } }, async (meter) => {
 *     const found = await search(call.input.question, { signal: call.signal });
 *     meter.came({ tokens: found.tokens });
 *     return found.text;
 *   }))
 */
export async function withGrant<Output>(
  call: Pick<Call<unknown>, "key" | "ask" | "tell">,
  { grant, tool, at, withinMs }: GrantUse,
  run: (meter: GrantMeter) => Promise<Output> | Output,
): Promise<Output> {
  if (grant === undefined)
    throw new CoxswainError("NOT_GRANTED", `Expected a grant with tool "${tool}", got none`);
  const { id, root, terms } = grant;
  if (!terms.tools.includes(tool)) {
    const tools = terms.tools.join(", ") || "no tool";
    throw new CoxswainError("NOT_GRANTED", `Grant ${id} of ${root} permits ${tools}, not "${tool}"`);
  }
  const book = actorAddress(`grants.${root}`);
  const reservation = call.key.slice(-reservationMax);
  const limits = withinMs === undefined ? {} : { withinMs };
  try {
    await call.ask(grants, book, { type: "spend", id, reservation, at }, limits);
  } catch (error) {
    // Whether it was taken is not known, or it was not: no call is made.
    call.tell(grants, book, { type: "settle", reservation, came: {} });
    throw error;
  }
  let came = at;
  try {
    return await run({
      came: (budget) => {
        came = budget;
      },
    });
  } finally {
    call.tell(grants, book, { type: "settle", reservation, came });
  }
}
