import type { Case, Figure, Workload } from "../kit/workload.ts";

const walls = ["thread", "process"];
const against = walls.map((subject) => ({ subject, against: "in the node" }));

function asks(name: string, title: string): Case {
  return {
    name,
    title: `ask to an actor beside, in a thread, in a process, 200 bytes, ${title}`,
    figures: [
      { name: "perSecond", title: "asks", unit: "/s", compare: against },
      { name: "p50Us", title: "median time", unit: "µs", compare: against },
      { name: "p99Us", title: "99th percentile", unit: "µs" },
    ],
  };
}

const lives: readonly Figure[] = [
  { name: "upMs", title: "spawn → up", unit: "ms", compare: against },
  { name: "killedMs", title: "endless loop → killed, beyond a limit of 200 ms", unit: "ms" },
];

export const hosting: Workload = {
  id: "W7",
  title: "actors in a thread or process of their own",
  sides: ["in the node", ...walls].map((name) => ({ name, file: "sides/hosting.ts", roles: ["near"] })),
  cases: [
    asks("x1", "1 outstanding"),
    asks("x64", "64 outstanding"),
    { name: "life", title: "coming up, and being killed", figures: lives },
  ],
};
