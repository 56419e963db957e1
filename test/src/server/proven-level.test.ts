import type { JetStreamAccountStats, ServerInfo } from "nats";
import { expect, it } from "vitest";
import { type KeptHow, provenLevel, type ServerFlushes, statedLevel } from "../../../src/server/index.ts";

const info = { jetstream: true, max_payload: 1, version: "2.10.27" } as ServerInfo;
const account = {} as JetStreamAccountStats;
const cluster = { ...info, cluster: "fleet", connect_urls: ["a:1", "b:1", "c:1"] };

it.each<{ what: string; info?: ServerInfo; how: Partial<KeptHow>; level: string; survives: string }>([
  { what: "one server, every second", how: { sync: "interval" }, level: "process", survives: "yes no no" },
  { what: "one server, always", how: { sync: "always" }, level: "power", survives: "yes no yes" },
  { what: "one server of which little is known", how: {}, level: "process", survives: "yes no unknown" },
  {
    what: "one server, replicas not seen",
    how: { replicas: undefined },
    level: "process",
    survives: "yes no unknown",
  },
  {
    what: "a cluster with three replicas",
    info: cluster,
    how: { replicas: 3 },
    level: "node",
    survives: "yes yes unknown",
  },
  {
    what: "the same, always",
    info: cluster,
    how: { replicas: 3, sync: "always" },
    level: "power",
    survives: "yes yes yes",
  },
  {
    what: "a cluster with one replica",
    info: cluster,
    how: {},
    level: "process",
    survives: "yes no unknown",
  },
  {
    what: "a cluster, replicas not seen",
    info: cluster,
    how: { replicas: undefined },
    level: "process",
    survives: "yes unknown unknown",
  },
  {
    ...{ what: "a cluster too old for replicas", info: { ...cluster, version: "2.10.26" } },
    ...{ how: { replicas: undefined, sync: "interval" }, level: "process", survives: "yes no no" },
  },
  {
    what: "a 2.9 server",
    info: { ...info, version: "2.9.10" },
    how: { sync: "interval" },
    level: "process",
    survives: "yes no no",
  },
  { what: "no JetStream for the account", how: { account: undefined }, level: "none", survives: "no no no" },
])("$what: $level", ({ info: of = info, how, level, survives }) => {
  const proven = provenLevel(of, { account, replicas: 1, sync: undefined, ...how });
  expect(proven.verdicts.map((verdict) => verdict.survives).join(" ")).toBe(survives);
  expect(proven.level).toBe(level);
  expect(proven.says).toContain(`proven level "${level}"`);
  // What would raise it is said wherever something can.
  expect(proven.remedy === undefined).toBe(survives === "yes yes yes");
});

it("says of each failure whether it is outlived, and what is not known", () => {
  const { says } = provenLevel(cluster, { account, replicas: 3, sync: undefined });
  expect(says).toMatch(
    /the end of a process: yes \(.+\); the loss of a server: yes \(.+\); a power cut: not known \(/,
  );
});

it.each<[ServerFlushes, KeptHow["sync"], RegExp]>([
  ["always", undefined, /^Stated by you, not proved: .*before they acknowledge; .* outlives a power cut$/],
  [{ everyMs: 500 }, undefined, /^Stated by you, not proved: .*every 500 ms; .* lost in a power cut$/],
  ["always", "interval", /^Stated by you, and not so: .*this one does every second$/],
  [{ everyMs: 500 }, "always", /^Stated by you, and not so: .*this one does before it acknowledges$/],
  ["always", "always", /^As stated by you, /],
  [{ everyMs: 1_000 }, "interval", /^As stated by you, /],
])("what is stated (%j) is said as that, where %s is known", (stated, known, says) => {
  expect(statedLevel(stated, known)).toMatch(says);
});
