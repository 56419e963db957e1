import { setTimeout as pause } from "node:timers/promises";
import { seededRandom } from "../../support/simulated-env.ts";
import type { Client } from "./client.ts";
import { agentsOf, type Scenario } from "./workload-options.ts";

/** One of the client's senders: goes on until it is told to stop. */
export interface Sender {
  readonly client: Client;
  readonly from: string;
  readonly agents: readonly string[];
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const between = ({ random }: Sender, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));
const oneOf = ({ random, agents }: Sender): string => agents[Math.floor(random() * agents.length)] ?? "";

/** Does something again and again, with pauses of so many milliseconds. */
async function again(
  sender: Sender,
  pauseMs: readonly [number, number],
  run: () => Promise<unknown>,
): Promise<void> {
  while (!sender.signal.aborted) {
    await run();
    await pause(between(sender, ...pauseMs), undefined, { signal: sender.signal }).catch(() => {});
  }
}

/** Several messages to one agent, the next before the last is acknowledged. */
const bursts = (sender: Sender): Promise<void> =>
  again(sender, [20, 120], () => {
    const actor = oneOf(sender);
    const burst = Array.from({ length: between(sender, 1, 12) }, () =>
      sender.client.deliver({ actor, type: "add", from: sender.from }),
    );
    return Promise.all(burst);
  });

const questions = (sender: Sender): Promise<void> =>
  again(sender, [10, 80], () => sender.client.ask({ actor: oneOf(sender), type: "add", from: sender.from }));

const payments = (sender: Sender): Promise<void> =>
  again(sender, [10, 80], () => {
    const [actor, to] = [oneOf(sender), oneOf(sender)];
    if (actor === to) return Promise.resolve();
    const body = { to, amount: between(sender, 1, 300) };
    return sender.client.ask({ actor, type: "transfer", from: sender.from, body });
  });

/** Small sums, several at a time, and nobody waits for the answer: many payments are on their way at any instant. */
const orders = (sender: Sender): Promise<void> =>
  again(sender, [20, 120], () => {
    const actor = oneOf(sender);
    const burst = Array.from({ length: between(sender, 1, 8) }, () => {
      const to = oneOf(sender);
      if (to === actor) return Promise.resolve();
      const body = { to, amount: between(sender, 1, 20) };
      return sender.client.deliver({ actor, type: "transfer", from: sender.from, body });
    });
    return Promise.all(burst);
  });

/** Mostly short, so that many go off; some long, so that some are waited for over a crash. */
const reminders = (sender: Sender): Promise<void> =>
  again(sender, [80, 240], () => {
    const delayMs = sender.random() < 0.1 ? between(sender, 4_000, 12_000) : between(sender, 100, 2_000);
    return sender.client.deliver({
      actor: oneOf(sender),
      type: "remind",
      from: sender.from,
      body: { delayMs },
    });
  });

const waits = (sender: Sender): Promise<void> =>
  again(sender, [400, 900], () => {
    const body = { delayMs: between(sender, 100, 900) };
    return sender.client.deliver({ actor: oneOf(sender), type: "wait", from: sender.from, body });
  });

const errands = (sender: Sender): Promise<void> =>
  again(sender, [60, 200], () => {
    const body = { once: sender.random() < 0.2 };
    return sender.client.deliver({ actor: oneOf(sender), type: "fetch", from: sender.from, body });
  });

/** Who takes part in each scenario. */
const senders: Readonly<Record<Scenario, readonly ((sender: Sender) => Promise<void>)[]>> = {
  counters: [bursts, bursts, questions, questions],
  transfers: [payments, payments, orders, orders],
  timers: [reminders, reminders, waits],
  calls: [errands, errands],
};

/** Resolves when all have stopped, and what they sent has ended. */
export async function runScenario(
  client: Client,
  scenario: Scenario,
  { keys, seed, signal }: { readonly keys: number; readonly seed: number; readonly signal: AbortSignal },
): Promise<void> {
  const agents = agentsOf(scenario, keys);
  await Promise.all(
    senders[scenario].map((run, index) => {
      const random = seededRandom(seed * 1_000 + index);
      return run({ client, from: `${scenario}${index + 1}`, agents, random, signal });
    }),
  );
}
