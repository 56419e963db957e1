import type { DelegationRequest, Fact, Facts, Situation } from "../../protocols/index.ts";

/** Facts that are measured here: nobody's claim of one of these names counts. */
export const measuredFacts = ["data_workload", "expertise_match", "peer_level", "sla_deadline"] as const;

/**
 * What conditions are held against: what the delegator claims, overruled by what follows from the situation, and that by
 * what was measured.
 *
 * - `data_workload`: how full the target is, 0 to 1: tasks in flight over its places.
 * - `expertise_match`: its skill for this task type, from the roster; 0 where it has none.
 * - `peer_level`: whether both stand on one level.
 * - `sla_deadline`: milliseconds from now to the deadline the task has; without a deadline there is none.
 */
export function factsOf(request: DelegationRequest, situation: Situation): Facts {
  const { from, to, load, atMs } = situation;
  const claimed = Object.entries(request.claims).filter(
    ([name]) => !(measuredFacts as readonly string[]).includes(name),
  );
  const skills = to?.skills ?? {};
  const derived: [string, Fact][] = [
    ["data_workload", load.capacity > 0 ? load.inFlight / load.capacity : 1],
    ["expertise_match", Object.hasOwn(skills, request.task.type) ? (skills[request.task.type] ?? 0) : 0],
    ["peer_level", from !== undefined && from.authority === to?.authority],
  ];
  if (request.deadlineMs !== undefined) derived.push(["sla_deadline", request.deadlineMs - atMs]);
  return Object.fromEntries([...claimed, ...derived, ...Object.entries(situation.measured)]);
}

/** Facts of the data and its target, for gates of governance: what is not said of these is not known, whatever is claimed. */
export const dataFacts: readonly string[] = [
  "data_classification",
  "data_purpose",
  "data_retention_ms",
  "data_residency",
  "target_level",
  "target_residency",
];

/** What gates of governance are held against besides. */
export function dataFactsOf({ data }: DelegationRequest, { to }: Situation): Facts {
  const said: readonly (readonly [string, Fact | undefined])[] = [
    ["data_classification", data?.classification],
    ["data_purpose", data?.purpose],
    ["data_retention_ms", data?.retentionMs],
    ["data_residency", data?.residency],
    ["target_level", to?.authority],
    ["target_residency", to?.residency],
  ];
  return Object.fromEntries(said.filter((entry): entry is readonly [string, Fact] => entry[1] !== undefined));
}
