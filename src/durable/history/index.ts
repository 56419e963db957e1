export type { HistoryDifference, Otherwise } from "./difference.ts";
export { causeText } from "./difference.ts";
export type { HistoryAnswer, HistoryCause, HistoryEntry, HistoryState } from "./entry.ts";
export { type ForkOptions, forkAgent } from "./fork.ts";
export { AgentHistory, type HistoryMoment, type HistorySource, openHistory } from "./history.ts";
export type { Noted } from "./noted.ts";
export { type HistoryReplay, replayHistory } from "./replay-history.ts";
