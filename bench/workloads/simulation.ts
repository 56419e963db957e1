import type { Workload } from "../kit/workload.ts";

const calm = "nothing goes wrong";
const faulty = "108 faults";
const bounds = [calm, faulty].map((subject) => ({ subject, atMost: 10_000 }));

/** There is no peer that does this: the hour with faults stands beside the one without. */
export const simulation: Workload = {
  id: "W10",
  title: "simulation",
  sides: [calm, faulty].map((name) => ({ name, file: "sides/simulated-hour.ts", roles: ["near"] })),
  cases: [
    {
      name: "hour",
      title: "an hour of a simulated cluster of five nodes, an actor on each, a tell and an ask every second",
      figures: [
        {
          name: "hourMs",
          title: "the hour took",
          unit: "ms",
          bounds,
          compare: [{ subject: faulty, against: calm }],
        },
        { name: "perSecond", title: "events", unit: "/s" },
      ],
    },
  ],
};
