import type { Case, Workload } from "../kit/workload.ts";

const folded = "coxswain, folded";
const whole = "coxswain, whole";
const raw = "JSON keys, by hand";
const wanted = [folded, whole].map((subject) => ({ subject, atLeast: 20_000 }));

function team(name: string, title: string): Case {
  return {
    name,
    title: `check of a team: ${title}, a network that may lose two messages`,
    figures: [
      { name: "coldPerSecond", title: "states, the first check of a process", unit: "/s", bounds: wanted },
      {
        name: "perSecond",
        title: "states",
        unit: "/s",
        bounds: wanted,
        compare: [{ subject: whole, against: raw }],
      },
      {
        name: "checkMs",
        title: "the whole check",
        unit: "ms",
        compare: [{ subject: folded, against: raw, atMost: 1 }],
      },
    ],
  };
}

/** Against a plain breadth-first search over the same team, written out by hand as a model, with states known by their JSON. */
export const teamCheck: Workload = {
  id: "W9",
  title: "checks of teams",
  fresh: true,
  sides: [
    { name: folded, file: "sides/team-coxswain.ts", roles: ["near"] },
    { name: whole, file: "sides/team-coxswain.ts", roles: ["near"] },
    { name: raw, file: "sides/team-raw.ts", roles: ["near"] },
  ],
  cases: [
    team("small", "three guests and a barista, 17,277 states, 3,244 folded"),
    team("large", "four guests and a barista, 228,945 states, 12,737 folded"),
  ],
};
