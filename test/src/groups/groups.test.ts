import { connect, JSONCodec } from "nats";
import { describe, expect, test, vi } from "vitest";
import { defineSupervisor } from "../../../actors/index.ts";
import { type ActorSystem, createSystem, type SystemOptions } from "../../../src/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { counter, counterActor } from "../../support/counter.ts";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { rejection, twoNodes } from "../../support/systems.ts";

vi.setConfig({ testTimeout: 60_000 });

async function countsOf(systems: readonly ActorSystem[]): Promise<number[]> {
  const counts: number[] = [];
  for (const system of systems)
    counts.push((await system.ref(`${system.node}.counter`, counter).ask({ type: "read" })).count);
  return counts;
}

describe.each(eachServerVersion)("row 11: a group over three nodes on server %s", (version) => {
  test("a message reaches exactly one of it, or all, by the verb; one whose node is killed is passed over, and leaves with its lease", async () => {
    await using server = await testServer({ version });
    const options = (node: string): SystemOptions => ({
      name: "peers",
      node,
      servers: server.url,
      leaseMs: 600,
      onReport: () => {},
    });
    await using one = await createSystem(options("one"));
    await using two = await createSystem(options("two"));
    const line = await connectNats({ servers: server.url });
    const { servers: _, ...mortal } = options("three");
    const three = await createSystem({ ...mortal, transport: line });
    const systems = [one, two, three];
    for (const system of systems) {
      await system.spawn(`${system.node}.counter`, counterActor);
      await system.group("oars", counter).join(`${system.node}.counter`);
    }
    const oars = one.group("oars", counter);
    const members = async (): Promise<string[]> => (await oars.members()).map(({ node }) => node);
    await expect.poll(members).toEqual(["one", "three", "two"]);

    for (let i = 0; i < 300; i++) {
      oars.tellOne({ type: "add", by: 1 });
      // What one turn tells may go together.
      if (i % 3 === 0) await new Promise(setImmediate);
    }
    await expect.poll(async () => (await countsOf(systems)).reduce((sum, count) => sum + count)).toBe(300);
    const shares = await countsOf(systems);
    expect(shares.every((count) => count > 0)).toBe(true);
    oars.tellAll({ type: "add", by: 1_000 });
    await expect.poll(() => countsOf(systems)).toEqual(shares.map((count) => count + 1_000));
    expect(shares.map((count) => count + 1_000)).toContain((await oars.askOne({ type: "read" })).count);

    // Its process is gone without a word.
    await line.close();
    await two.ref("one.counter", counter).ask({ type: "read" });
    const left = systems.slice(0, 2);
    const before = await countsOf(left);
    for (let i = 0; i < 100; i++) oars.tellOne({ type: "add", by: 1 });
    const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count);
    await expect.poll(async () => sum(await countsOf(left)) - sum(before)).toBe(100);
    await expect.poll(members, { timeout: 10_000 }).toEqual(["one", "two"]);
    const now = await countsOf(left);
    oars.tellAll({ type: "add", by: 1_000 });
    await expect.poll(() => countsOf(left)).toEqual(now.map((count) => count + 1_000));
    await three.drain({ withinMs: 0 });
  });

  test("any NATS client tells one, all, and asks one", async () => {
    await using server = await testServer({ version });
    await using system = await createSystem({ name: "peers", node: "one", servers: server.url });
    for (const name of ["one.counter", "one.other"]) {
      await system.spawn(name, counterActor);
      await system.group("oars", counter).join(name);
    }
    const nc = await connect({ servers: server.url });
    const json = JSONCodec<unknown>();
    const { subject } = system.group("oars", counter);
    nc.publish(`${subject}.all`, json.encode({ type: "add", body: { by: 5 } }));
    const reply = await nc.request(subject, json.encode({ type: "read", body: {} }));
    expect(json.decode(reply.data)).toMatchObject({ kind: "reply", body: { count: 5 } });
    const strayed = await nc.request(subject, json.encode({ type: "read", to: "two.counter", body: {} }));
    expect(json.decode(strayed.data)).toMatchObject({ kind: "refusal", body: { code: "FRAME_MALFORMED" } });
    nc.publish(subject, json.encode({ type: "add", body: { by: 1 } }));
    await nc.flush();
    const counts = async (): Promise<number[]> =>
      Promise.all(
        ["one.counter", "one.other"].map(
          async (name) => (await system.ref(name, counter).ask({ type: "read" })).count,
        ),
      );
    await expect.poll(async () => (await counts()).sort()).toEqual([5, 6]);
    await nc.close();
  });
});

describe("row 11: a group", () => {
  test("that has no member refuses at once; what was told becomes a dead letter", async () => {
    await using nodes = await twoNodes();
    const oars = nodes.a.group("oars", counter);
    expect(await rejection(oars.askOne({ type: "read" }))).toMatchObject({ code: "UNREACHABLE" });
    oars.tellOne({ type: "add", by: 1 });
    oars.tellAll({ type: "add", by: 1 });
    await expect.poll(() => nodes.a.counts.dead).toBe(2);
    expect(await oars.members()).toEqual([]);
  });

  test("is left by a member that ends, and by one that leaves; the others go on", async () => {
    await using nodes = await twoNodes();
    const [a, b] = [await nodes.a.spawn("a", counterActor), await nodes.b.spawn("b", counterActor)];
    const third = await nodes.b.spawn("c", counterActor);
    const oars = nodes.a.group("oars", counter);
    await oars.join("a");
    await nodes.b.group("oars", counter).join("b", "c");
    const members = async (): Promise<string[]> => (await oars.members()).map(({ address }) => address);
    await expect.poll(members).toEqual(["a", "b", "c"]);
    await a.stop();
    await nodes.b.group("oars", counter).leave("c");
    await expect.poll(members).toEqual(["b"]);
    for (let i = 0; i < 20; i++) oars.tellOne({ type: "add", by: 1 });
    oars.tellAll({ type: "add", by: 100 });
    await expect.poll(() => b.ask({ type: "read" })).toEqual({ count: 120 });
    expect(await third.ask({ type: "read" })).toEqual({ count: 0 });
    expect(nodes.a.counts.dead + nodes.b.counts.dead).toBe(0);
  });

  test("has a member again that its supervisor has started again", async () => {
    await using nodes = await twoNodes({ onReport: () => {} });
    const crew = defineSupervisor({ children: [{ id: "bow", actor: counterActor }] });
    const boss = await nodes.a.spawn("boss", crew);
    await nodes.a.group("oars", counter).join("boss.bow");
    const restarted = boss.on("restarted", () => void restarts.push("bow"));
    const restarts: string[] = [];
    const oars = nodes.b.group("oars", counter);
    oars.tellOne({ type: "add", by: 3 });
    await expect.poll(() => oars.askOne({ type: "read" })).toEqual({ count: 3 });
    oars.tellOne({ type: "fail", text: "on purpose" });
    await expect.poll(() => restarts.length).toBe(1);
    await expect.poll(() => oars.askOne({ type: "read" }).catch(() => "nobody")).toEqual({ count: 0 });
    expect((await oars.members()).map(({ address }) => address)).toEqual(["boss.bow"]);
    restarted.close();
  });

  test("takes only actors of the node that enters them, by names that are addresses; nobody lives at its own", async () => {
    await using nodes = await twoNodes();
    await nodes.b.spawn("b", counterActor);
    const oars = nodes.a.group("oars", counter);
    expect(await rejection(oars.join("b"))).toMatchObject({ code: "ADDRESS_UNKNOWN" });
    expect(await rejection(oars.join("b.*"))).toMatchObject({ code: "ADDRESS_INVALID" });
    expect(() => nodes.a.group("oars.all", counter)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
    expect(await rejection(nodes.a.spawn("group-oars", counterActor))).toMatchObject({
      code: "ADDRESS_INVALID",
    });
  });

  test("checks what it is sent, as a reference to one actor does", async () => {
    await using nodes = await twoNodes();
    const oars = nodes.a.group("oars", counter);
    expect(() => oars.tellOne({ type: "add", by: "one" } as never)).toThrow(
      expect.objectContaining({ code: "MESSAGE_INVALID" }),
    );
  });
});
