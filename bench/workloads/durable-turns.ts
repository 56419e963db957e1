import type { Case, Figure, Workload } from "../kit/workload.ts";

const ours = "coxswain";
const byHand = "by hand";

const costs: readonly Figure[] = [
  { name: "nodeUs", title: "processor time each: the agents' node", unit: "µs" },
  { name: "senderUs", title: "the sender", unit: "µs" },
  { name: "serverUs", title: "the server", unit: "µs" },
];

function told(name: string, title: string, atLeast: number | undefined): Case {
  return {
    name,
    title: `messages to ${title} from another process, 200 bytes, 1,000 not yet stored, until all are worked on`,
    sides: [ours, byHand],
    figures: [
      {
        name: "perSecond",
        title: "turns",
        unit: "/s",
        compare: [{ subject: ours, against: byHand }],
        ...(atLeast === undefined ? {} : { bounds: [{ subject: ours, atLeast }] }),
      },
      ...costs,
    ],
  };
}

function asked(name: string, title: string, restate: string): Case {
  const compare = [
    { subject: ours, against: byHand },
    { subject: ours, against: restate },
  ];
  return {
    name,
    title: `durable asks, 200 bytes, ${title}`,
    figures: [
      { name: "perSecond", title: "asks", unit: "/s", compare },
      { name: "p50Us", title: "median time", unit: "µs", compare },
      { name: "p99Us", title: "99th percentile", unit: "µs" },
      ...costs,
    ],
  };
}

function sidesOf(restate: string): Workload["sides"] {
  return [
    { name: ours, file: "sides/durable-coxswain.ts", roles: ["far", "near"] },
    { name: byHand, file: "sides/durable-raw.ts", roles: ["far", "near"] },
    { name: restate, file: "peers/restate.ts", roles: ["far", "near"], peer: true },
  ];
}

function casesOf(
  restate: string,
  wanted: { readonly of1?: number; readonly of64?: number; readonly of1000?: number },
): readonly Case[] {
  return [
    told("told1", "1 durable agent", wanted.of1),
    told("told64", "64 durable agents", wanted.of64),
    told("told1000", "1,000 durable agents", wanted.of1000),
    asked("asked1", "1 agent, 1 outstanding", restate),
    asked("asked64", "1,000 agents, 64 outstanding", restate),
  ];
}

/**
 * The server's own rhythm of flushing to disk: each second, so a power cut may take what was acknowledged in that second, and a
 * killed process or server takes nothing. Restate beside it does not flush before it answers either.
 */
export const durableTurns: Workload = {
  id: "W11",
  title: "turns of durable agents; flushed to disk each second",
  sync: "interval",
  sides: sidesOf("Restate, fsync off"),
  cases: casesOf("Restate, fsync off", { of1: 3_000, of64: 10_000, of1000: 15_000 }),
};

/** Everybody flushes before an answer: the server each stored message, Restate its log by batches, as it does by default. */
export const durableTurnsFlushed: Workload = {
  id: "W12",
  title: "turns of durable agents; flushed to disk before each acknowledgement",
  sync: "always",
  sides: sidesOf("Restate, fsync"),
  cases: casesOf("Restate, fsync", {}),
};
