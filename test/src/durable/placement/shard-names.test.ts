import { describe, expect, test } from "vitest";
import { isToken } from "../../../../protocols/index.ts";
import {
  groupOf,
  groupOfShard,
  shardName,
  shardNumber,
  textHash,
} from "../../../../src/durable/placement/shard-names.ts";

describe("the shard of an address", () => {
  // http://www.isthe.com/chongo/src/fnv/test_fnv.c
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("comes from FNV-1a: %j", (text, hash) => {
    expect(textHash(text)).toBe(hash);
  });

  test("stays what it is: entries of the inbox lie by it", () => {
    expect(shardNumber("account.alice", 16)).toBe(textHash("account.alice") % 16);
    const numbers = ["account.alice", "account.bob", "order.2024.7", "account.zoe"].map((address) =>
      shardNumber(address, 16),
    );
    expect(numbers).toMatchInlineSnapshot(`
      [
        14,
        1,
        4,
        12,
      ]
    `);
  });

  test("is spread evenly over the shards", () => {
    const counts = new Array<number>(16).fill(0);
    for (let n = 0; n < 16_000; n++) {
      const shard = shardNumber(`account.user-${n}`, 16);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});

describe("the group of a type", () => {
  test("is named after what it needs, whatever the order", () => {
    expect(groupOf([])).toBe("main");
    expect(groupOf(["gpu"])).toBe("gpu");
    expect(groupOf(["large", "gpu", "large"])).toBe("gpu-large");
    expect(groupOf(["gpu", "large"])).toBe("gpu-large");
  });

  test("makes shards that are tokens, from which it is read again", () => {
    const shard = shardName(groupOf(["eu_west", "gpu"]), 15);
    expect(shard).toBe("eu_west-gpu_15");
    expect(isToken(shard)).toBe(true);
    expect(groupOfShard(shard)).toBe("eu_west-gpu");
  });

  test.each([[["*"]], [["a.b"]], [[""]], [["main"]], [["x".repeat(60)]], [["a".repeat(30), "b".repeat(30)]]])(
    "refuses %j",
    (needs) => {
      expect(() => groupOf(needs)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    },
  );
});
