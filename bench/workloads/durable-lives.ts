import type { Workload } from "../kit/workload.ts";

const side = "coxswain";

/** Two nodes with the default lease, 3 s, and a third process that asks. */
export const durableLives: Workload = {
  id: "W13",
  title: "coming and going of durable agents",
  fresh: true,
  sides: [{ name: side, file: "sides/durable-lives.ts", roles: ["node", "node", "near"] }],
  cases: [
    {
      name: "failover",
      title: "a node with 1,000 agents in memory gets SIGKILL; each is asked at once",
      figures: [
        {
          name: "firstMs",
          title: "kill → first reply",
          unit: "ms",
          bounds: [{ subject: side, atMost: 5_000 }],
        },
        { name: "allMs", title: "kill → all have replied", unit: "ms" },
      ],
    },
    {
      name: "drain",
      title: "a node with 1,000 agents in memory is drained; each is asked at once",
      figures: [{ name: "allMs", title: "drain → another node has answered for all", unit: "ms" }],
    },
    {
      name: "activation",
      title: "3,000 agents out of memory, one ask to each",
      figures: [
        { name: "perSecond", title: "brought into memory, and answered", unit: "/s" },
        { name: "recordBytes", title: "record of a small agent at rest", unit: "bytes" },
      ],
    },
  ],
};
