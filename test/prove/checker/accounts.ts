import { type AccountState, openingBalance } from "../agents/account.ts";
import { numbersOf } from "../agents/ranges.ts";
import type { Finding } from "./finding.ts";
import type { Send } from "./sends.ts";
import { checkWorkedOn } from "./worked-on.ts";

/** What an account was asked for. */
export function checkAccount(actor: string, sends: readonly Send[], state: AccountState): Finding[] {
  return checkWorkedOn(actor, sends, state.from);
}

/** All accounts together: the sum, and each payment at both its ends. */
export function checkBooks(accounts: ReadonlyMap<string, AccountState>): Finding[] {
  const sum = [...accounts.values()].reduce((total, { balance }) => total + balance, 0);
  const due = openingBalance * accounts.size;
  const findings: Finding[] =
    sum === due
      ? []
      : [{ promise: "C", actor: "all accounts", says: `they have ${sum} together, of ${due}` }];
  for (const [payer, { paid }] of accounts) {
    for (const [payee, { count, amount }] of Object.entries(paid)) {
      const got = accounts.get(payee)?.got[payer];
      findings.push(...checkPayments(payer, payee, count, numbersOf(got?.ns)));
      if (got !== undefined && got.amount !== amount && numbersOf(got.ns).length === count)
        findings.push({
          promise: "C",
          actor: payee,
          says: `it got ${got.amount} from ${payer}, who paid ${amount}`,
        });
    }
  }
  for (const [payee, { got }] of accounts) {
    for (const payer of Object.keys(got)) {
      if (accounts.get(payer)?.paid[payee] === undefined)
        findings.push({ promise: "X", actor: payee, says: `it was paid by ${payer}, who has paid nothing` });
    }
  }
  return findings;
}

function checkPayments(payer: string, payee: string, count: number, numbers: readonly number[]): Finding[] {
  const seen = new Set<number>();
  const findings: Finding[] = [];
  let last = 0;
  for (const n of numbers) {
    const what = `payment ${n} of ${payer}`;
    if (seen.has(n)) findings.push({ promise: "D", actor: payee, says: `${what} came again` });
    else if (n > count)
      findings.push({ promise: "X", actor: payee, says: `${what} came, who made ${count}` });
    else if (n < last) findings.push({ promise: "O", actor: payee, says: `${what} came after ${last}` });
    seen.add(n);
    last = Math.max(last, n);
  }
  for (let n = 1; n <= count; n++) {
    if (!seen.has(n))
      findings.push({ promise: "L", actor: payee, says: `payment ${n} of ${payer} has not come` });
  }
  return findings;
}
