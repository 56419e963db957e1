import { describe, expect, it } from "vitest";
import { realEnv } from "../../../src/env/env.ts";
import { createMemoryHub, type MemoryHubOptions } from "../../../src/transport/memory.ts";
import { transportContract } from "./contract.ts";
import { bytes, eventsOf, type Pair, textOf } from "./support.ts";

function makePair(options?: MemoryHubOptions): Pair {
  const hub = createMemoryHub(options);
  const [one, two] = [hub.connect(), hub.connect()];
  return {
    one,
    two,
    [Symbol.asyncDispose]: async () => {
      await one.close();
      await two.close();
    },
  };
}

transportContract("memory", async () => makePair());

describe("memory transport", () => {
  it("a subscription that is read too slowly loses what waits, is told how much, and goes on", async () => {
    await using pair = makePair({ pendingMax: 10 });
    const events = eventsOf(pair.two);
    const got: string[] = [];
    const others: string[] = [];
    pair.two.subscribe("slow.*", (delivery) => got.push(textOf(delivery)));
    pair.one.subscribe("slow.1", (delivery) => others.push(textOf(delivery)));
    for (let n = 0; n < 12; n++) pair.one.publish(n < 2 ? "slow.1" : "slow.2", bytes(String(n)));
    await pair.one.flush();
    expect(got).toEqual(["10", "11"]);
    expect(others).toEqual(["0", "1"]);
    expect(events).toMatchObject([
      { type: "error", subject: "slow.*", error: { code: "TRANSPORT_SLOW", details: { dropped: 10 } } },
    ]);
    pair.one.publish("slow.3", bytes("after"));
    await pair.one.flush();
    expect(got.at(-1)).toBe("after");
  });

  it("two who answer each other without end do not keep timers from running", async () => {
    await using pair = makePair();
    let turns = 0;
    pair.one.subscribe("ping", () => void pair.one.publish("pong", bytes("")));
    pair.two.subscribe("pong", () => {
      turns += 1;
      pair.two.publish("ping", bytes(""));
    });
    pair.one.publish("ping", bytes(""));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(turns).toBeGreaterThan(100);
  });

  it("which member of a queue group is chosen is the environment's chance", async () => {
    const draws = [0.9, 0.1, 0.5];
    await using pair = makePair({
      env: { ...realEnv, random: () => draws.shift() ?? 0 },
    });
    const got: string[] = [];
    for (const member of ["a", "b", "c"]) {
      pair.two.subscribe("work", () => got.push(member), { queue: "crew" });
    }
    for (let n = 0; n < 3; n++) pair.one.publish("work", bytes(""));
    await pair.one.flush();
    expect(got).toEqual(["c", "a", "b"]);
  });

  it.each([{ payloadMaxBytes: 0 }, { pendingMax: 1.5 }, { pendingmax: 3 }])(
    "refuses the options %j",
    (options) => {
      expect(() => createMemoryHub(options as MemoryHubOptions)).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      );
    },
  );
});
