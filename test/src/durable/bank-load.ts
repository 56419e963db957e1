import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { isCoxswainError, type OutgoingOf } from "../../../protocols/index.ts";
import { type ActorSystem, createSystem, type Report, type SystemOptions } from "../../../src/index.ts";
import { accountActor, bank, plainWorld } from "./bank.ts";

/** Of the nodes on real servers. */
export const leaseMs = 1_500;
const waits = { timeout: 60_000, interval: 50 };
const accounts = 10;
const transferAmount = 1;

export interface Bank extends AsyncDisposable {
  readonly client: ActorSystem;
  readonly hosts: readonly ActorSystem[];
  readonly reports: readonly Report[];
  /** Keys under which something was paid to the outside. */
  readonly paid: readonly string[];
  host(name: string): Promise<ActorSystem>;
}

/** A client and so many hosts of accounts, in this process, on real servers. */
export async function bankOn(
  servers: string | readonly string[],
  { hosts: count = 2, ...options }: Partial<SystemOptions> & { readonly hosts?: number } = {},
): Promise<Bank> {
  const reports: Report[] = [];
  const paid: string[] = [];
  const hosts: ActorSystem[] = [];
  const common = {
    name: "bank",
    servers,
    leaseMs,
    onReport: (report: Report) => void reports.push(report),
    ...options,
  };
  const actors = { account: accountActor(plainWorld(paid)) };
  const host = async (name: string): Promise<ActorSystem> => {
    const system = await createSystem({ ...common, node: name, actors });
    hosts.push(system);
    return system;
  };
  for (let n = 0; n < count; n++) await host(`host${n}`);
  const client = await createSystem({ ...common, node: "client" });
  return {
    client,
    hosts,
    reports,
    paid,
    host,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client, ...hosts].map((system) => system.drain({ withinMs: 2_000 })));
    },
  };
}

export interface Load {
  /** Credits that are stored, of each account. */
  readonly credits: readonly number[];
  /** Of them all. */
  readonly stored: number;
  stop(): Promise<void>;
}

/**
 * Sends without end to accounts, each the next number as soon as the one before is stored, with a transfer to the next
 * account each third time. What a full inbox refuses is sent again in a moment.
 */
export function loadOn(
  { client }: Bank,
  {
    everyMs,
  }: {
    /** Sends no faster, so that what waits when nobody works can be worked on soon. */ readonly everyMs?: number;
  } = {},
): Load {
  const credits = Array.from({ length: accounts }, () => 0);
  let stored = 0;
  let stopped = false;
  const run = async (account: number): Promise<void> => {
    const ref = client.ref(`account.n${account}`, bank);
    const to = `account.n${(account + 1) % accounts}`;
    const send = async (message: OutgoingOf<typeof bank>): Promise<unknown> =>
      ref.deliver(message).catch(async (error: unknown) => {
        if (!isCoxswainError(error, "MAILBOX_FULL")) throw error;
        await pause(50);
        return send(message);
      });
    for (let n = 1; !stopped; n++) {
      await send({ type: "credit", amount: 0, n });
      credits[account] = n;
      if (n % 3 === 0) await send({ type: "transfer", to, amount: transferAmount, n: n + 1_000_000 });
      stored++;
      if (everyMs !== undefined) await pause(everyMs);
    }
  };
  const runs = Array.from({ length: accounts }, (_, account) => run(account));
  // Told by `stop`: a test that fails before it has said why.
  for (const running of runs) running.catch(() => {});
  return {
    credits,
    get stored() {
      return stored;
    },
    stop: async () => {
      stopped = true;
      await Promise.all(runs);
    },
  };
}

/** Whether every account has taken all that was sent to it, each once and in order, and no money is lost or made. */
export async function settledBooks(bankOf: Bank, { credits: expected }: Load): Promise<void> {
  const refs = Array.from({ length: accounts }, (_, n) => bankOf.client.ref(`account.n${n}`, bank));
  const read = () => Promise.all(refs.map((ref) => ref.ask({ type: "read" }, { withinMs: 3_000 })));
  const isTransfer = (n: number): boolean => n > 1_000_000;
  let books: Awaited<ReturnType<typeof read>> = [];
  await expect
    .poll(async () => {
      // An answer on its way may be lost with its connection.
      books = await read().catch(() => []);
      if (books.length === 0) return "no answer";
      const onTheWay = books.flatMap(({ sent }) => sent).length;
      return onTheWay - books.flatMap(({ received }) => received.filter(isTransfer)).length;
    }, waits)
    .toBe(0);
  for (const [i, { sent, received }] of books.entries()) {
    const credits = received.filter((n) => !isTransfer(n));
    expect(credits).toEqual(Array.from({ length: expected[i] ?? 0 }, (_, at) => at + 1));
    expect(sent).toEqual(sent.map((_, at) => 3 * (at + 1) + 1_000_000));
    const before = books[(i + accounts - 1) % accounts];
    expect(received.filter(isTransfer)).toEqual(before?.sent);
  }
  expect(books.reduce((sum, { balance }) => sum + balance, 0)).toBe(100 * accounts);
  // Where a server has been killed, this stream may have no leader yet, and nobody answers.
  await expect.poll(() => bankOf.client.deadLetters.count().catch(String), waits).toBe(0);
}
