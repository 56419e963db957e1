import type { P1Bounds } from "./p1-state.ts";
import type { P2Bounds } from "./p2.ts";

const asked = process.env.COXSWAIN_MODELS;
/** `COXSWAIN_MODELS=nightly` looks at the larger bounds too, in minutes; `largest` also at one that takes far longer. */
export const nightly = asked === "nightly" || asked === "largest";

const none = { crashes: 0, doubles: 0, unknowns: 0, batch: 1 };

export const p1Bounds: readonly P1Bounds[] = [
  { ...none, messages: 1, nodes: 2, epochs: 2, crashes: 1, doubles: 1 },
  { ...none, messages: 2, nodes: 2, epochs: 2 },
  { ...none, messages: 2, nodes: 2, epochs: 2, crashes: 1, doubles: 1 },
  // Answers lost (R3), and several messages in a commit (R4).
  { ...none, messages: 1, nodes: 2, epochs: 2, crashes: 1, doubles: 1, unknowns: 1 },
  { ...none, messages: 2, nodes: 2, epochs: 1, crashes: 1, doubles: 1, batch: 2 },
];

export const p1Nightly: readonly P1Bounds[] = [
  { ...none, messages: 2, nodes: 3, epochs: 3 },
  { ...none, messages: 3, nodes: 2, epochs: 2 },
  { ...none, messages: 2, nodes: 2, epochs: 3, crashes: 1, doubles: 1 },
  { ...none, messages: 2, nodes: 2, epochs: 2, crashes: 1, doubles: 1, batch: 2 },
  { ...none, messages: 2, nodes: 2, epochs: 2, crashes: 1, doubles: 1, unknowns: 1 },
  // More than 8 minutes and 4 GiB: give Node the memory (NODE_OPTIONS=--max-old-space-size=12000).
  ...(asked === "largest" ? [{ ...none, messages: 3, nodes: 2, epochs: 2, crashes: 1, doubles: 1 }] : []),
];

const once = { crashes: 1, cancels: 1 };

export const p2Bounds: readonly P2Bounds[] = [
  { ...once, tasks: 1, workers: 2, attempts: 2, levels: 2 },
  { ...once, tasks: 2, workers: 1, attempts: 2 },
];

export const p2Nightly: readonly P2Bounds[] = [
  { ...once, tasks: 2, workers: 1, attempts: 2, levels: 2 },
  { ...once, tasks: 2, workers: 2, attempts: 2, cancels: 0 },
  { ...once, tasks: 2, workers: 2, attempts: 2 },
];
