import { connect, type JetStreamAccountStats, type ServerInfo } from "nats";
import { describe, expect, it } from "vitest";
import { describeServer, type ServerEvidence } from "../../../src/server/index.ts";
import { eachServerVersion, testCluster, testServer } from "../../support/nats-server.ts";

const info: ServerInfo = {
  client_id: 1,
  go: "go1.24",
  headers: true,
  host: "127.0.0.1",
  jetstream: true,
  max_payload: 1_048_576,
  port: 4222,
  proto: 1,
  server_id: "N",
  server_name: "a",
  version: "2.10.27",
};
const limits = {
  max_memory: -1,
  max_storage: -1,
  max_streams: -1,
  max_consumers: -1,
  max_ack_pending: -1,
  memory_max_stream_bytes: -1,
  storage_max_stream_bytes: -1,
  max_bytes_required: 0,
};
const usage = { memory: 0, storage: 0, streams: 0, consumers: 0, limits };
const account: JetStreamAccountStats = { ...usage, api: { total: 0, errors: 0 } };
const clustered = { ...info, cluster: "fleet", connect_urls: ["a:4222", "b:4222", "c:4222"] };

/** Of process, node and power. */
function survives(evidence: Partial<ServerEvidence>): string[] {
  return describeServer({ info, account, ...evidence }).verdicts.map((verdict) => verdict.survives);
}

describe("what outlives which failure", () => {
  it("a row a case", () => {
    const old = { ...info, version: "2.9.10" };
    const unannounced = { ...info, cluster: "fleet" };
    const only1 = { ...account, tiers: { R1: usage } };
    expect({
      "one server that flushes every second": survives({ sync: "interval" }),
      "one server that flushes always": survives({ sync: "always" }),
      "one server of someone else's": survives({}),
      "an old server": survives({ info: old, sync: "interval" }),
      "an old cluster": survives({ info: { ...clustered, version: "2.10.26" }, replicas: 3, sync: "always" }),
      "a cluster with one replica": survives({ info: clustered }),
      "a cluster with three": survives({ info: clustered, replicas: 3 }),
      "a cluster with three that flushes always": survives({ info: clustered, replicas: 3, sync: "always" }),
      "a cluster that announces no servers": survives({ info: unannounced, replicas: 3 }),
      "an account that may keep one": survives({ info: clustered, replicas: 3, account: only1 }),
      "no JetStream for the account": survives({ account: undefined }),
      "no JetStream at all": survives({ info: { ...info, jetstream: false }, sync: "always" }),
    }).toEqual({
      "one server that flushes every second": ["yes", "no", "no"],
      "one server that flushes always": ["yes", "no", "yes"],
      "one server of someone else's": ["yes", "no", "unknown"],
      "an old server": ["yes", "no", "no"],
      "an old cluster": ["yes", "no", "yes"],
      "a cluster with one replica": ["yes", "no", "unknown"],
      "a cluster with three": ["yes", "yes", "unknown"],
      "a cluster with three that flushes always": ["yes", "yes", "yes"],
      "a cluster that announces no servers": ["yes", "unknown", "unknown"],
      "an account that may keep one": ["yes", "no", "unknown"],
      "no JetStream for the account": ["no", "no", "no"],
      "no JetStream at all": ["no", "no", "no"],
    });
  });

  it("every no and unknown comes with a remedy", () => {
    for (const version of ["2.9.10", "2.10.26", "2.10.27", "2.15.1"]) {
      for (const cluster of [{}, { cluster: "fleet" }]) {
        for (const given of [account, undefined]) {
          const { verdicts } = describeServer({ info: { ...info, ...cluster, version }, account: given });
          const failing = verdicts.filter((verdict) => verdict.survives !== "yes");
          expect(failing.every((verdict) => verdict.remedy !== undefined && verdict.because !== "")).toBe(
            true,
          );
        }
      }
    }
  });

  it("a server below the floor is not supported", () => {
    expect(describeServer({ info: { ...info, version: "2.8.4" }, account }).supported).toBe(false);
    expect(describeServer({ info: { ...info, version: "2.9.10" }, account }).supported).toBe(true);
  });
});

describe("a real server", () => {
  it.each(eachServerVersion)("%s is described from its own words", async (version) => {
    await using server = await testServer({ version });
    const connection = await connect({ servers: server.url });
    const evidence = {
      info: connection.info ?? info,
      account: await (await connection.jetstreamManager()).getAccountInfo(),
      sync: server.sync,
    };
    await connection.close();
    expect(describeServer(evidence)).toMatchObject({
      version,
      supported: true,
      jetstream: true,
      cluster: undefined,
      serversSeen: 1,
      payloadMaxBytes: 1_048_576,
      verdicts: [
        { failure: "process", survives: "yes" },
        { failure: "node", survives: "no" },
        { failure: "power", survives: "no" },
      ],
    });
  });

  it("in a cluster of three keeps a stream with three replicas, and says so", async () => {
    await using cluster = await testCluster();
    const connection = await connect({ servers: [...cluster.urls] });
    const manager = await connection.jetstreamManager();
    const stream = await manager.streams.add({ name: "logs", subjects: ["logs.>"], num_replicas: 3 });
    const evidence = { info: connection.info ?? info, account: await manager.getAccountInfo(), replicas: 3 };
    await connection.close();
    expect(stream.cluster?.replicas).toHaveLength(2);
    expect(describeServer(evidence)).toMatchObject({
      cluster: "fleet",
      serversSeen: 3,
      verdicts: [{ survives: "yes" }, { failure: "node", survives: "yes" }, { survives: "unknown" }],
    });
  });
});
