import type { Fault } from "../../../../src/testing/simulation/index.ts";

/** Histories that broke a promise once, with the fewest faults it took. */
export interface Found {
  readonly what: string;
  readonly seed: number;
  readonly faults: readonly Fault[];
}

export const foundInKernel: readonly Found[] = [
  {
    what: "a watch that was lost with a connection, and its renewal with the next one",
    seed: 15,
    faults: [
      { kind: "reset", atMs: 1024.2, node: "b" },
      { kind: "kill", atMs: 1801.7, node: "c", steps: 1, silent: true, restartAfterMs: 6368 },
      { kind: "storeLoss", atMs: 2298.3, forMs: 4082, probability: 0.39214111174223937 },
      { kind: "reset", atMs: 3148.7, node: "a" },
      { kind: "storeLoss", atMs: 10623.1, forMs: 489, probability: 0.29163021505810316 },
      { kind: "storeGap", atMs: 11804.3, forMs: 6146 },
      { kind: "serverRestart", atMs: 17807.2, forMs: 452 },
    ],
  },
];

export const foundInSupervision: readonly Found[] = [
  {
    what: "a watch on a machine that had gone down silently",
    seed: 413,
    faults: [
      { kind: "storeGap", atMs: 2880, forMs: 5511 },
      { kind: "kill", atMs: 3553.5, node: "a", steps: 16, silent: true, restartAfterMs: 9143 },
      { kind: "pause", atMs: 11316.8, forMs: 9973, node: "b" },
      { kind: "kill", atMs: 16773.3, node: "b", steps: 25, silent: true, restartAfterMs: 156 },
      { kind: "partition", atMs: 16781.4, forMs: 5442, node: "c", direction: "both" },
    ],
  },
  {
    what: "a name that was claimed without an answer",
    seed: 323,
    faults: [
      { kind: "storeLoss", atMs: 10_274.9, forMs: 5_570, probability: 0.14704859752673655 },
      { kind: "serverRestart", atMs: 17_150.3, forMs: 3_873 },
    ],
  },
];
