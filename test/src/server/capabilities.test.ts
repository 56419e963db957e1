import { connect } from "nats";
import { describe, expect, it } from "vitest";
import { compareVersions } from "../../../src/server/capabilities.ts";
import { assertReplicas, capabilitiesOf } from "../../../src/server/index.ts";
import { testServer } from "../../support/nats-server.ts";

describe("what a server can do", () => {
  it("is read from its version", () => {
    expect(capabilitiesOf("2.9.10")).toMatchObject({
      replicas: false,
      syncInterval: false,
      perKeyTtl: false,
    });
    expect(capabilitiesOf("2.10.26")).toMatchObject({
      replicas: false,
      syncInterval: true,
      perKeyTtl: false,
    });
    expect(capabilitiesOf("2.10.27")).toMatchObject({ replicas: true, syncInterval: true, perKeyTtl: false });
    expect(capabilitiesOf("2.11.0")).toMatchObject({ replicas: true, perKeyTtl: true, atomicBatch: false });
    expect(capabilitiesOf("2.15.1")).toMatchObject({ perKeyTtl: true, atomicBatch: true, counters: true });
  });

  it("a preview can do less than its release", () => {
    expect(capabilitiesOf("2.12.0-RC.2").atomicBatch).toBe(false);
    expect(capabilitiesOf("2.12.0").atomicBatch).toBe(true);
  });

  it("versions are compared as numbers", () => {
    const sorted = ["2.10.3", "2.9.10", "2.10.27", "2.10.27-RC.1"].sort(compareVersions);
    expect(sorted).toEqual(["2.9.10", "2.10.3", "2.10.27-RC.1", "2.10.27"]);
  });

  it.each(["", "2.10", "two", "2.10.x"])("a version like %j is refused", (version) => {
    expect(() => capabilitiesOf(version)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

describe("replicas", () => {
  it("refuses replicas on an old server", async () => {
    await using server = await testServer({ version: "2.9.10" });
    const connection = await connect({ servers: server.url });
    const version = connection.info?.version ?? "";
    await connection.close();

    expect(version).toBe("2.9.10");
    expect(() => assertReplicas(version, 3)).toThrow(
      expect.objectContaining({
        code: "SERVER_TOO_OLD",
        message: expect.stringMatching(
          /2\.9\.10 cannot keep 3 replicas.*several winners.*two owners.*2\.10\.27/,
        ),
      }),
    );
    expect(() => assertReplicas(version, 1)).not.toThrow();
  });

  it("are taken where compare-and-set has one winner", () => {
    for (const replicas of [1, 3, 5]) expect(() => assertReplicas("2.10.27", replicas)).not.toThrow();
  });

  it.each([0, 6, 1.5, Number.NaN])("a number like %d is refused", (replicas) => {
    expect(() => assertReplicas("2.10.27", replicas)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
  });
});
