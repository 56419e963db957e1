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

/** Of servers that forgot, with nothing that happens to a process. */
export const foundForgetful: readonly Found[] = [
  {
    what: "a name that its holder had not entered again when another wanted it",
    seed: 37,
    faults: [{ kind: "powerCut", atMs: 4536.2, forMs: 68, lostMs: 839 }],
  },
  {
    what: "a name whose holder had not been heard of since the server was back",
    seed: 64,
    faults: [{ kind: "powerCut", atMs: 15563.5, forMs: 648, lostMs: 151 }],
  },
  {
    what: "a bucket that was gone",
    seed: 108,
    faults: [
      { kind: "powerCut", atMs: 547.5, forMs: 1373, lostMs: 829 },
      { kind: "powerCut", atMs: 8452.6, forMs: 41, lostMs: 32 },
    ],
  },
  {
    what: "names that were not entered again",
    seed: 9,
    faults: [
      { kind: "powerCut", atMs: 381.5, forMs: 160, lostMs: 609 },
      { kind: "powerCut", atMs: 3437.1, forMs: 292, lostMs: 999 },
    ],
  },
  {
    what: "a claim that did not wait for whoever had the name",
    seed: 27,
    faults: [{ kind: "powerCut", atMs: 883.8, forMs: 28, lostMs: 999 }],
  },
  {
    what: "a name that was given back, and is its former holder's again",
    seed: 24,
    faults: [
      { kind: "slow", atMs: 12543, forMs: 132, node: "b", byMs: 196 },
      { kind: "powerCut", atMs: 12715.4, forMs: 59, lostMs: 750 },
      { kind: "serverRestart", atMs: 13363.6, forMs: 617 },
      { kind: "powerCut", atMs: 15310, forMs: 731, lostMs: 383 },
    ],
  },
  {
    what: "dead letters' stream, gone",
    seed: 9,
    faults: [{ kind: "powerCut", atMs: 381.5, forMs: 160, lostMs: 609 }],
  },
  {
    what: "a bucket that was gone before anybody had a name in it",
    seed: 3,
    faults: [
      { kind: "powerCut", atMs: 61, forMs: 743, lostMs: 995 },
      { kind: "powerCut", atMs: 17090.7, forMs: 735, lostMs: 301 },
    ],
  },
  {
    what: "a claim between the connection and the first look at what the server has",
    seed: 1018,
    faults: [
      { kind: "powerCut", atMs: 429.4, forMs: 84, lostMs: 329 },
      { kind: "powerCut", atMs: 6343.6, forMs: 66, lostMs: 541 },
      { kind: "powerCut", atMs: 18420.2, forMs: 181, lostMs: 482 },
    ],
  },
  {
    what: "a claimant that waited for the holder of a name, which waited for the claimant to give it back",
    seed: 364,
    faults: [{ kind: "powerCut", atMs: 3972.9, forMs: 930, lostMs: 920 }],
  },
  {
    what: "a node that was taken for silent by one that had itself been away",
    seed: 111,
    faults: [{ kind: "serverRestart", atMs: 641.9, forMs: 3915 }],
  },
  {
    what: "a node whose renewals the store had dropped, as those of all others",
    seed: 303,
    faults: [{ kind: "storeGap", atMs: 5745, forMs: 2549 }],
  },
  {
    what: "a node that came back thrice within a lease, and took its time to renew it",
    seed: 185,
    faults: [
      { kind: "slow", atMs: 13757.7, forMs: 6730, node: "b", byMs: 145 },
      { kind: "reset", atMs: 17243.7, node: "b" },
      { kind: "reset", atMs: 18401.2, node: "b" },
      { kind: "serverRestart", atMs: 18992.3, forMs: 37 },
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
    what: "a watch on a child of which the server had forgotten who held its name",
    seed: 87,
    faults: [{ kind: "powerCut", atMs: 8011.7, forMs: 481, lostMs: 616 }],
  },
  {
    what: "a bucket that was gone",
    seed: 101,
    faults: [{ kind: "powerCut", atMs: 115.3, forMs: 3193, lostMs: 494 }],
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
