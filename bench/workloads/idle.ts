import type { Case, Workload } from "../kit/workload.ts";

const ours = ["coxswain reducer", "coxswain transition", "coxswain machine"];

function idleActors(name: string, title: string): Case {
  return {
    name,
    title: `${title} idle actors, then a message to each`,
    figures: [
      {
        name: "createMs",
        title: "create",
        unit: "ms",
        compare: ours.flatMap((subject) => [
          { subject, against: "XState machine", atMost: 1 },
          { subject, against: "nact" },
        ]),
      },
      {
        name: "bytesEach",
        title: "memory of each",
        unit: "bytes",
        bounds: ours.map((subject) => ({ subject, atMost: 2_500 })),
      },
      { name: "tellMs", title: "one message to each", unit: "ms" },
    ],
  };
}

export const idle: Workload = {
  id: "W3",
  title: "idle actors",
  fresh: true,
  sides: [
    ...ours.map((name) => ({ name, file: "sides/idle-coxswain.ts", roles: ["near"] })),
    { name: "XState machine", file: "sides/idle-xstate.ts", roles: ["near"] },
    { name: "nact", file: "peers/nact.ts", roles: ["idle"], peer: true },
  ],
  cases: [idleActors("10000", "10,000"), idleActors("100000", "100,000")],
};
