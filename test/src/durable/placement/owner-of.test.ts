import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Host, ownerOf, type Required } from "../../../../src/durable/placement/owner-of.ts";

const any: Required = { labels: [], types: ["account"], versions: {} };
const shards = Array.from({ length: 512 }, (_, n) => `main_${n}`);

function host(node: string, more: Partial<Host> = {}): Host {
  return {
    node,
    incarnation: `${node}1`,
    labels: [],
    types: { account: 1 },
    leaving: false,
    alive: true,
    ...more,
  };
}

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 3, maxLength: 10 });

function placement(hosts: readonly Host[], required = any): Map<string, string | undefined> {
  return new Map(shards.map((shard) => [shard, ownerOf(shard, hosts, required)?.node]));
}

describe("the owner of a shard", () => {
  test("is the same in whatever order the hosts are seen", () => {
    fc.assert(
      fc.property(names, fc.nat(), (nodes, turn) => {
        const hosts = nodes.map((node) => host(node));
        const at = turn % hosts.length;
        const mixed = [...hosts.slice(at), ...hosts.slice(0, at)].reverse();
        expect(placement(mixed)).toEqual(placement(hosts));
      }),
      { numRuns: 50 },
    );
  });

  test("is each host for its part of them", () => {
    fc.assert(
      fc.property(names, (nodes) => {
        const owners = [...placement(nodes.map((node) => host(node))).values()];
        const mean = shards.length / nodes.length;
        for (const node of nodes) {
          const part = owners.filter((owner) => owner === node).length;
          // Five standard deviations of a fair draw.
          const spread = 5 * Math.sqrt(mean * (1 - 1 / nodes.length));
          expect(Math.abs(part - mean), `${node} of ${nodes.join()} has ${part}`).toBeLessThan(spread);
        }
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  test("changes, when a host joins, only to that one; when it leaves, only from that one", () => {
    fc.assert(
      fc.property(names, (nodes) => {
        const [joining = "", ...others] = nodes;
        const before = placement(others.map((node) => host(node)));
        const after = placement(nodes.map((node) => host(node)));
        for (const shard of shards) {
          if (after.get(shard) !== joining) expect(after.get(shard)).toBe(before.get(shard));
        }
        // One that is not there, cannot be used, or leaves is as good as none.
        for (const flaw of [{ alive: false }, { leaving: true }, { types: {} }])
          expect(placement([host(joining, flaw), ...others.map((node) => host(node))])).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  test("is nobody where nobody can hold it", () => {
    expect(ownerOf("main_0", [], any)).toBeUndefined();
    expect(ownerOf("main_0", [host("a", { alive: false })], any)).toBeUndefined();
  });

  test("has all labels of the group", () => {
    const hosts = [host("a"), host("b", { labels: ["gpu"] }), host("c", { labels: ["large", "gpu", "eu"] })];
    const both = { ...any, labels: ["gpu", "large"] };
    expect(new Set(placement(hosts, both).values())).toEqual(new Set(["c"]));
    expect(new Set(placement(hosts, { ...any, labels: ["gpu"] }).values())).toEqual(new Set(["b", "c"]));
  });

  test("serves what was kept there in that version or a newer one: what a newer node has held never goes back", () => {
    const hosts = [
      host("old"),
      host("new", { types: { account: 2 } }),
      host("newest", { types: { account: 3 } }),
    ];
    const kept = (account: number): Required => ({ ...any, versions: { account } });
    expect(new Set(placement(hosts, kept(1)).values())).toEqual(new Set(["old", "new", "newest"]));
    expect(new Set(placement(hosts, kept(2)).values())).toEqual(new Set(["new", "newest"]));
    expect(new Set(placement(hosts, kept(4)).values())).toEqual(new Set([undefined]));
  });

  test("serves a type of the group, whatever else it serves", () => {
    const hosts = [host("a", { types: { render: 1 } }), host("b")];
    expect(new Set(placement(hosts).values())).toEqual(new Set(["b"]));
  });

  test("serves all types that are served, if anyone does", () => {
    const required = { ...any, types: ["account", "order", "retired"] };
    const [some, other, all] = [
      host("a"),
      host("b", { types: { order: 1 } }),
      host("c", { types: { account: 1, order: 1 } }),
    ];
    expect(new Set(placement([some, other, all], required).values())).toEqual(new Set(["c"]));
    expect(new Set(placement([some, other], required).values())).toEqual(new Set(["a", "b"]));
  });

  test("is no host by a name that every object has", () => {
    expect(ownerOf("main_0", [host("a", { types: {} })], { ...any, types: ["constructor"] })).toBeUndefined();
  });
});
