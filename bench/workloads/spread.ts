import type { Case, Workload } from "../kit/workload.ts";

function tasks(name: string, title: string, atMost: number): Case {
  // A crew is one machine more on the way of each task: its figure is shown, not wanted.
  const bounds = [{ subject: "coxswain direct", atMost }];
  return {
    name,
    title: `10,000 tasks of 1 ms${title} over 16 workers in 2 processes`,
    figures: [
      {
        name: "overIdeal",
        title: "makespan / ideal",
        unit: "×",
        bounds,
        compare: [
          { subject: "coxswain crew", against: "raw queue group" },
          { subject: "coxswain direct", against: "raw queue group" },
        ],
      },
    ],
  };
}

export const spread: Workload = {
  id: "W5",
  title: "work spread over two processes",
  sides: [
    { name: "coxswain crew", file: "sides/spread-coxswain.ts", roles: ["far", "far", "near"] },
    { name: "coxswain direct", file: "sides/spread-coxswain.ts", roles: ["far", "far", "near"] },
    { name: "raw queue group", file: "sides/spread-raw.ts", roles: ["far", "far", "near"] },
    { name: "moleculer", file: "peers/moleculer.ts", roles: ["far", "far", "near"], peer: true },
  ],
  cases: [tasks("flat", "", 1.35), tasks("tail", ", 1 % of them of 50 ms,", 1.2)],
};
