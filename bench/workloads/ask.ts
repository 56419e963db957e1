import type { Case, Workload } from "../kit/workload.ts";

function asks(name: string, title: string, atLeast: number): Case {
  const compare = [
    { subject: "coxswain", against: "raw request", atLeast },
    { subject: "coxswain", against: "raw request, noAsyncTraces" },
    { subject: "coxswain", against: "raw own inbox" },
    { subject: "coxswain", against: "moleculer", ...(name === "x64" ? { atLeast: 1 } : {}) },
  ];
  return {
    name,
    title: `ask between two processes, 200 bytes, ${title}`,
    figures: [
      { name: "perSecond", title: "asks", unit: "/s", compare },
      { name: "p50Us", title: "median time", unit: "µs" },
      { name: "p99Us", title: "99th percentile", unit: "µs" },
    ],
  };
}

export const ask: Workload = {
  id: "W1",
  title: "ask between two processes",
  sides: [
    { name: "coxswain", file: "sides/ask-coxswain.ts", roles: ["far", "near"] },
    { name: "raw request", file: "sides/ask-raw.ts", roles: ["far", "near"] },
    { name: "raw request, noAsyncTraces", file: "sides/ask-raw.ts", roles: ["far", "near"] },
    { name: "raw own inbox", file: "sides/ask-raw.ts", roles: ["far", "near"] },
    { name: "moleculer", file: "peers/moleculer.ts", roles: ["far", "near"], peer: true },
  ],
  cases: [asks("x1", "1 outstanding", 0.9), asks("x64", "64 outstanding", 2)],
};
