import { describe, expect, test } from "vitest";
import { encodeValue } from "../../../../protocols/index.ts";
import type { OwnHost, OwnType } from "../../../../src/durable/placement/announcement.ts";
import { Directory } from "../../../../src/durable/placement/directory.ts";
import { shardNumber } from "../../../../src/durable/placement/shard-names.ts";
import { createMemoryHub } from "../../../../src/transport/memory.ts";
import { unknown, valueOrThrow } from "../../../../src/transport/outcomes.ts";
import type { Bucket } from "../../../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../../../support/simulated-env.ts";

const account: OwnType = { version: 1, needs: [], protocol: "bank" };
const render: OwnType = { version: 2, needs: ["gpu"], protocol: "rendering" };

function own(node: string, types: Record<string, OwnType>, more: Partial<OwnHost> = {}): OwnHost {
  return { node, incarnation: `${node}1`, labels: [], types, ...more };
}

async function world() {
  const env = simulatedEnv();
  const hub = createMemoryHub({ env });
  const members = { nodes: [] as { node: string; incarnation: string }[], isGone: async () => false };
  const open = async (between = (bucket: Bucket): Bucket => bucket): Promise<Directory> => {
    const bucket = between(valueOrThrow(await hub.connect().store.bucket("cx_test_hosts")));
    return settle(env, Directory.open({ env, bucket, members, report: () => {} }));
  };
  return { env, members, open, settle: <T>(work: Promise<T>) => settle(env, work) };
}

/** Lets time pass until it is settled. */
async function settle<T>(env: SimulatedEnv, work: Promise<T>): Promise<T> {
  let settled = false;
  const over = (): void => {
    settled = true;
  };
  work.then(over, over);
  for (let steps = 0; !settled && steps < 1_000; steps++) {
    env.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return work;
}

describe("the directory", () => {
  test("tells the shard of an address to whoever has opened it, hosting or not", async () => {
    const { open, settle } = await world();
    const [client, host] = [await open(), await open()];
    expect(client.shardOf("account.alice")).toBeUndefined();
    await settle(host.announce(own("a", { account, render }, { labels: ["gpu"] })));
    await settle(Promise.resolve());
    for (const directory of [client, host, await open()]) {
      expect(directory.shardOf("account.alice")).toBe(`main_${shardNumber("account.alice", 16)}`);
      expect(directory.shardOf("render.film.7")).toBe(`gpu_${shardNumber("render.film.7", 16)}`);
      // No key, no durable type, a name that every object has.
      for (const none of ["account", "crew.bow", "", "constructor.x"])
        expect(directory.shardOf(none)).toBeUndefined();
    }
    expect(client.types.get("render")).toEqual({ group: "gpu", needs: ["gpu"], protocol: "rendering" });
    expect(client.shards).toHaveLength(32);
  });

  test("knows its own types as soon as it has announced them", async () => {
    const { env, open } = await world();
    const host = await open();
    let shard: string | undefined;
    const announced = host.announce(own("a", { account })).then(() => {
      shard = host.shardOf("account.alice");
    });
    await settle(env, announced);
    expect(shard).toMatch(/^main_\d+$/);
  });

  test("is founded with so many shards by who is first; who says another number is refused", async () => {
    const { open, settle } = await world();
    await settle((await open()).announce(own("a", { account }, { shards: 4 })));
    const other = await open();
    await expect(settle(other.announce(own("b", { account }, { shards: 8 })))).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringMatching(/4.*got 8/),
    });
    await settle(other.announce(own("b", { account })));
    expect(other.shards).toEqual(["main_0", "main_1", "main_2", "main_3"]);
  });

  test("refuses a type that was announced with another group or protocol, quoting both; another version is fine", async () => {
    const { open, settle } = await world();
    await settle((await open()).announce(own("a", { account })));
    const other = await open();
    for (const wrong of [
      { ...account, needs: ["gpu"] },
      { ...account, protocol: "till" },
    ]) {
      await expect(settle(other.announce(own("b", { account: wrong })))).rejects.toMatchObject({
        code: "OPTION_INVALID",
        message: expect.stringMatching(
          /group main with protocol bank.*got group (gpu with protocol bank|main with protocol till)/,
        ),
      });
    }
    expect(other.hosts.map(({ node }) => node)).toEqual(["a"]);
    await settle(other.announce(own("b", { account: { ...account, version: 2 } })));
    expect(other.hosts.map(({ types }) => types)).toEqual([{ account: 1 }, { account: 2 }]);
  });

  test.each<[string, Partial<OwnHost>]>([
    ["no shards", { shards: 0 }],
    ["a part of a shard", { shards: 1.5 }],
    ["too many shards", { shards: 1_025 }],
    ["a label that is no token", { labels: ["gpu large"] }],
    ["a type that is no token", { types: { "account.x": account } }],
    ["a version below 1", { types: { account: { ...account, version: 0 } } }],
    ["needs that are no tokens", { types: { account: { ...account, needs: ["*"] } } }],
  ])("refuses %s", async (_, wrong) => {
    const { open, settle } = await world();
    const directory = await open();
    await expect(settle(directory.announce({ ...own("a", { account }), ...wrong }))).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    expect(directory.shardsPerGroup).toBeUndefined();
  });

  test("takes a host for alive whose very incarnation is a member", async () => {
    const { open, settle, members } = await world();
    const directory = await open();
    await settle(directory.announce(own("a", { account })));
    expect(directory.hosts).toMatchObject([{ node: "a", alive: false }]);
    members.nodes.push({ node: "a", incarnation: "a2" });
    expect(directory.hosts).toMatchObject([{ node: "a", alive: false }]);
    members.nodes.splice(0, 1, { node: "a", incarnation: "a1" });
    expect(directory.hosts).toMatchObject([
      { node: "a", alive: true, leaving: false, types: { account: 1 } },
    ]);
  });

  test("hears that a host leaves, and forgets it when it is withdrawn", async () => {
    const { open, settle } = await world();
    const [other, directory] = [await open(), await open()];
    const announcement = await settle(directory.announce(own("a", { account })));
    await settle(announcement.leave());
    expect(other.hosts).toMatchObject([{ node: "a", leaving: true }]);
    await settle(announcement.withdraw());
    expect(other.hosts).toEqual([]);
    await settle(announcement.keep());
    expect(other.hosts).toEqual([]);
  });

  test("is told again by a host whose record was swept away, and by no other", async () => {
    const { open, settle } = await world();
    const [other, directory] = [await open(), await open()];
    const announcement = await settle(directory.announce(own("a", { account })));
    valueOrThrow(await settle(other.parts.bucket.delete("host.a")));
    await settle(Promise.resolve());
    expect(directory.hosts).toEqual([]);
    await settle(announcement.keep());
    expect(other.hosts).toMatchObject([{ node: "a", incarnation: "a1" }]);
    const { revision } = other.hostRecord("a") ?? {};
    await settle(announcement.keep());
    expect(other.hostRecord("a")?.revision).toBe(revision);
  });

  test("is made whole again by those who host, where a server whose power was cut has forgotten parts of it", async () => {
    const { open, settle } = await world();
    const directory = await open();
    const announcement = await settle(directory.announce(own("a", { account, render }, { shards: 4 })));
    const { bucket } = directory.parts;
    const keys = ["config", "type.account", "type.render", "host.a"];
    for (const key of keys) valueOrThrow(await settle(bucket.delete(key)));
    for (let n = 0; n <= keys.length; n++) await settle(announcement.keep());
    const again = await open();
    expect(again.shards).toHaveLength(8);
    expect(again.types).toEqual(directory.types);
    expect(again.hosts).toMatchObject([{ node: "a", incarnation: "a1" }]);
  });

  test("is looked at anew after a reconnection: no watch tells what the server has forgotten", async () => {
    const { open, settle, env } = await world();
    const host = await open();
    await settle(host.announce(own("a", { account })));
    let silent = false;
    const other = await open((bucket) => ({
      ...{ get: (key) => bucket.get(key), create: (key, value) => bucket.create(key, value) },
      ...{ update: (...args) => bucket.update(...args), put: (...args) => bucket.put(...args) },
      ...{ delete: (...args) => bucket.delete(...args), entries: () => bucket.entries() },
      watch: (handler) => bucket.watch((entry) => void (silent || handler(entry))),
    }));
    silent = true;
    valueOrThrow(await settle(host.parts.bucket.delete("host.a")));
    valueOrThrow(
      await settle(host.parts.bucket.create("shard.main_3", encodeValue({ node: "b", held: true }))),
    );
    expect(other.hosts).toHaveLength(1);
    silent = false;
    const told: (string | undefined)[] = [];
    other.onChange((shard) => told.push(shard));
    other.reconnected();
    await settle(new Promise<void>((resolve) => env.setTimer(20, resolve)));
    expect(other.hosts).toEqual([]);
    expect(other.shardRecord("main_3")?.record.node).toBe("b");
    expect(told).toContain("main_3");
    expect(other.shardOf("account.alice")).toBe(host.shardOf("account.alice"));
    // And goes on from there.
    valueOrThrow(await settle(host.parts.bucket.delete("shard.main_3")));
    await settle(Promise.resolve());
    expect(other.shardRecord("main_3")).toBeUndefined();
  });

  // The anomaly loop: the n-th write has an unknown outcome, done or not.
  test.each(["done", "not done"])(
    "is announced to over writes of unknown outcome that were %s",
    async (what) => {
      for (let n = 1, reached = true; reached; n++) {
        const { open, settle } = await world();
        let writes = 0;
        const doubtful =
          <A extends unknown[]>(write: (...args: A) => ReturnType<Bucket["put"]>) =>
          async (...args: A) => {
            writes += 1;
            if (writes !== n) return write(...args);
            if (what === "done") await write(...args);
            return unknown("CONNECTION_LOST", "The store is away");
          };
        const directory = await open((bucket) => ({
          get: (key) => bucket.get(key),
          create: doubtful((key: string, value: Uint8Array) => bucket.create(key, value)),
          update: doubtful((key: string, value: Uint8Array, revision: number) =>
            bucket.update(key, value, revision),
          ),
          put: (key, value) => bucket.put(key, value),
          delete: (key, revision) => bucket.delete(key, revision),
          entries: () => bucket.entries(),
          watch: (handler) => bucket.watch(handler),
        }));
        const announcement = await settle(directory.announce(own("a", { account, render })));
        await settle(announcement.leave());
        reached = writes >= n;
        await settle(Promise.resolve());
        expect((await open()).hosts).toMatchObject([
          { node: "a", leaving: true, types: { account: 1, render: 2 } },
        ]);
        expect((await open()).shards).toHaveLength(32);
        if (!reached) expect(n).toBeGreaterThan(5);
      }
    },
  );
});
