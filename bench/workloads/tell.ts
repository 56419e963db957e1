import type { Workload } from "../kit/workload.ts";

export const tell: Workload = {
  id: "W2",
  title: "tell",
  sides: [
    { name: "coxswain", file: "sides/tell-far-coxswain.ts", roles: ["far", "near"] },
    { name: "raw publish → subscribe", file: "sides/tell-far-raw.ts", roles: ["far", "near"] },
    { name: "moleculer emit", file: "peers/moleculer.ts", roles: ["far", "near"], peer: true },
    { name: "coxswain reducer", file: "sides/tell-near-coxswain.ts", roles: ["near"] },
    { name: "coxswain transition", file: "sides/tell-near-coxswain.ts", roles: ["near"] },
    { name: "coxswain machine", file: "sides/tell-near-coxswain.ts", roles: ["near"] },
    { name: "nact", file: "peers/nact.ts", roles: ["tells"], peer: true },
    { name: "XState machine", file: "sides/tell-near-xstate.ts", roles: ["near"] },
    { name: "XState fromTransition", file: "sides/tell-near-xstate.ts", roles: ["near"] },
  ],
  cases: [
    {
      name: "far",
      title: "tell between two processes",
      sides: ["coxswain", "raw publish → subscribe", "moleculer emit"],
      figures: [
        {
          name: "perSecond",
          title: "messages",
          unit: "/s",
          compare: [
            { subject: "coxswain", against: "raw publish → subscribe", atLeast: 0.4 },
            { subject: "coxswain", against: "moleculer emit", atLeast: 2 },
          ],
        },
      ],
    },
    {
      name: "near",
      title: "tell in one process",
      sides: [
        "coxswain reducer",
        "nact",
        "coxswain machine",
        "XState machine",
        "coxswain transition",
        "XState fromTransition",
      ],
      figures: [
        {
          name: "perSecond",
          title: "messages",
          unit: "/s",
          compare: [
            { subject: "coxswain reducer", against: "nact", atLeast: 1 },
            { subject: "coxswain machine", against: "XState machine", atLeast: 1 },
            { subject: "coxswain transition", against: "XState fromTransition" },
          ],
        },
      ],
    },
  ],
};
