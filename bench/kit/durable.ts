import { cpuOf } from "./cpu.ts";
import type { Figures, SideConfig } from "./serve-side.ts";

/** How many agents, how many messages, and how many of them are under way at a time. */
export interface Load {
  readonly agents: number;
  readonly messages: number;
  readonly outstanding: number;
}

const loads: Readonly<Record<string, Load>> = {
  told1: { agents: 1, messages: 40_000, outstanding: 1_000 },
  told64: { agents: 64, messages: 60_000, outstanding: 1_000 },
  told1000: { agents: 1_000, messages: 60_000, outstanding: 1_000 },
  asked1: { agents: 1, messages: 2_000, outstanding: 1 },
  asked64: { agents: 1_000, messages: 20_000, outstanding: 64 },
};

/** Where each message waits for the disk, there are fewer of them: a round must not last for minutes. */
export function loadOf(name: string, { quick, sync }: Pick<SideConfig, "quick" | "sync">): Load {
  const load = loads[name];
  if (load === undefined) throw new Error(`Expected one of ${Object.keys(loads)}, got ${name}`);
  const share = quick ? 20 : sync === "always" ? 5 : 1;
  return { ...load, messages: load.messages / share };
}

/** Each message goes to the next agent, with at most so many not yet taken. */
export async function sendAll(load: Load, send: (agent: number) => Promise<unknown>): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < load.messages) await send(begun++ % load.agents);
  };
  await Promise.all(Array.from({ length: load.outstanding }, lane));
}

/** Runs a round that measures something, or whose rate is what counts; with what each message cost the processes. */
export async function withCosts(
  { messages }: Load,
  { pids: { server, others } }: SideConfig,
  round: () => Promise<Figures | undefined>,
): Promise<Figures> {
  const used = cpuOf({ server, node: others.at(-1) ?? 0, sender: process.pid });
  const began = performance.now();
  const figures = (await round()) ?? { perSecond: (messages / (performance.now() - began)) * 1_000 };
  const cpu = used();
  const eachUs = (cpuMs: number): number => (cpuMs * 1_000) / messages;
  return {
    ...figures,
    serverUs: eachUs(cpu.server),
    nodeUs: eachUs(cpu.node),
    senderUs: eachUs(cpu.sender),
  };
}
