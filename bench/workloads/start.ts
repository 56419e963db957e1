import type { Workload } from "../kit/workload.ts";

export const start: Workload = {
  id: "W0",
  title: "start-up",
  fresh: true,
  sides: [
    { name: "coxswain", file: "sides/start.ts", roles: ["near"] },
    { name: "embedded server", file: "sides/start.ts", roles: ["server"] },
  ],
  cases: [
    {
      name: "start",
      title: "start-up in a new process, with an embedded server",
      figures: [
        { name: "importMs", title: "import", unit: "ms" },
        { name: "systemMs", title: "until the system runs", unit: "ms" },
        {
          name: "firstReplyMs",
          title: "until the first reply",
          unit: "ms",
          bounds: [{ subject: "coxswain", atMost: 1_000 }],
        },
        {
          name: "serverMs",
          title: "the server alone",
          unit: "ms",
          bounds: [{ subject: "embedded server", atMost: 300 }],
        },
      ],
    },
  ],
};
