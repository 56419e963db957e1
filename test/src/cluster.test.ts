import { type ChildProcess, spawn } from "node:child_process";
import { connect, JSONCodec } from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ActorSystem, createSystem } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { eachServerVersion, testServer } from "../support/nats-server.ts";
import { rejection } from "../support/systems.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type Server = Awaited<ReturnType<typeof testServer>>;
let server: Server;
let system: ActorSystem;
let systems = 0;
const far: ChildProcess[] = [];

async function near(name: string): Promise<ActorSystem> {
  system = await createSystem({ name, node: "near", servers: server.url, leaseMs: 600, onReport: () => {} });
  return system;
}

/** A node in a process of its own; resolves when its counter lives at `<root>.counter`. */
async function farNode(name: string, root: string): Promise<ChildProcess> {
  const file = new URL("../support/far-node.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, server.url, name, `far${systems++}`, root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  far.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`The far node ended with ${code}`)));
  });
  return child;
}

describe.each(eachServerVersion)("two processes over a real nats-server %s", (version) => {
  beforeAll(async () => {
    server = await testServer({ version });
  });
  afterAll(async () => {
    for (const child of far) child.kill("SIGKILL");
    await server.stop();
  });

  test("tell, ask and events cross between them", async () => {
    await using here = await near("cross");
    const seen: number[] = [];
    using _listening = here.ref("far.counter", counter).on("added", (event) => void seen.push(event.count));
    await farNode("cross", "far");
    const ref = here.ref("far.counter", counter);
    for (let i = 0; i < 1_000; i++) ref.tell({ type: "add", by: 1 });
    expect(await ref.ask({ type: "read" })).toEqual({ count: 1_000 });
    await expect.poll(() => seen.at(-1)).toBe(1_000);
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  });

  test("a second spawn of a name that another process holds is refused with a code", async () => {
    await using here = await near("names");
    await farNode("names", "far");
    expect(await rejection(here.spawn("far.counter", counterActor))).toMatchObject({ code: "ADDRESS_TAKEN" });
    expect(await rejection(here.spawn("far.other", counterActor))).toMatchObject({ code: "ADDRESS_TAKEN" });
  });

  test("nodes see each other come and go", async () => {
    await using here = await near("nodes");
    const child = await farNode("nodes", "far");
    await expect.poll(() => here.nodes.length).toBe(2);
    child.kill("SIGTERM");
    await expect.poll(() => here.nodes.length).toBe(1);
  });

  test("when a node is killed its watched actors end as lost, and its names can be taken", async () => {
    await using here = await near("killed");
    const child = await farNode("killed", "far");
    const ref = here.ref("far.counter", counter);
    expect(await ref.ask({ type: "read" })).toEqual({ count: 0 });
    const { down } = ref.watch();
    await expect.poll(() => here.nodes.length).toBe(2);
    // The watch has arrived when what was asked after it is answered.
    await ref.ask({ type: "read" });
    child.kill("SIGKILL");
    expect(await down).toMatchObject({ kind: "lost", node: expect.stringContaining("far") });
    const again = await here.spawn("far.counter", counterActor, { input: { from: 7 } });
    expect(await again.ask({ type: "read" })).toEqual({ count: 7 });
  });

  test("an ask in flight when the far process is killed ends with NODE_LOST after its lease, not after its time", async () => {
    await using here = await near("hang");
    const child = await farNode("hang", "far");
    const ref = here.ref("far.counter", counter);
    ref.tell({ type: "lock" });
    await ref.ask({ type: "read" });
    // Postponed there, so its answer cannot be under way when the process dies.
    const asked = rejection(ref.ask({ type: "total" }, { withinMs: 60_000 }));
    await ref.ask({ type: "read" });
    child.kill("SIGKILL");
    expect(await asked).toMatchObject({ code: "NODE_LOST", message: expect.stringContaining("unknown") });
  });
});

describe("a client that knows nothing of us", () => {
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server.stop());

  test("asks and tells in JSON, and is told in JSON what went wrong", async () => {
    await using here = await near("foreign");
    const ref = await here.spawn("shop.counter", counterActor);
    const nc = await connect({ servers: server.url });
    const json = JSONCodec<Record<string, unknown>>();
    nc.publish(ref.subject, json.encode({ type: "add", body: { by: 4 } }));
    const reply = json.decode((await nc.request(ref.subject, json.encode({ type: "read", body: {} }))).data);
    expect(reply).toMatchObject({ kind: "reply", type: "read", from: "shop.counter", body: { count: 4 } });
    const refused = json.decode(
      (await nc.request(ref.subject, json.encode({ type: "read", protocol: "counter@9.0", body: {} }))).data,
    );
    expect(refused).toMatchObject({ kind: "refusal", body: { code: "VERSION_UNSUPPORTED" } });
    const garbage = json.decode((await nc.request(ref.subject, new TextEncoder().encode("{not json"))).data);
    expect(garbage).toMatchObject({ kind: "refusal", body: { code: "FRAME_MALFORMED" } });
    await nc.close();
  });

  test("sees facts and events as JSON on plain subjects", async () => {
    await using here = await near("facts");
    const nc = await connect({ servers: server.url });
    const seen: [string, Record<string, unknown>][] = [];
    nc.subscribe("cx.facts.ev.>", { callback: (_error, msg) => void seen.push([msg.subject, msg.json()]) });
    await nc.flush();
    const ref = await here.spawn("one", counterActor);
    ref.tell({ type: "add", by: 1 });
    ref.tell({ type: "unlock" });
    ref.tell({ type: "fail", text: "boom" });
    await expect
      .poll(() => seen.map(([subject]) => subject.slice("cx.facts.ev.".length)))
      .toEqual([
        "one.started",
        "one.added",
        "one.refused",
        "one.refused",
        "one.failed",
        "node-near.escalated",
      ]);
    expect(seen[0]?.[1]).toMatchObject({
      kind: "event",
      from: "one",
      protocol: "lifecycle@1.0",
      body: { node: "near", protocol: "counter@1.2" },
    });
    expect(seen[1]?.[1]).toMatchObject({ from: "one", protocol: "counter@1.2", body: { count: 1 } });
    expect(seen[4]?.[1]).toMatchObject({ body: { error: { code: "ACTOR_FAILED" } } });
    await nc.close();
  });
});

test("a server that is killed settles what was asked as unknown; when it is back the system goes on as before", async () => {
  await using folder = await temporaryFolder();
  const own = await testServer({ storeDir: folder.path });
  await using here = await createSystem({
    name: "crash",
    node: "near",
    servers: own.url,
    leaseMs: 3_000,
    onReport: () => {},
  });
  const ref = await here.spawn("one", counterActor);
  ref.tell({ type: "add", by: 2 });
  expect(await ref.ask({ type: "read" })).toEqual({ count: 2 });
  const { down } = ref.watch();
  // Nobody answers a question of which the server was killed before it could pass it on.
  process.kill(own.pid, "SIGKILL");
  const lost = rejection(ref.ask({ type: "read" }, { withinMs: 2_000 }));
  await own.exited;
  expect(["CONNECTION_LOST", "ASK_TIMEOUT"]).toContain((await lost).code);
  await using _again = await testServer({ storeDir: folder.path, port: own.port });
  await expect
    .poll(() => ref.ask({ type: "read" }, { withinMs: 500 }).catch(() => undefined), { timeout: 15_000 })
    .toEqual({ count: 2 });
  const other = await here.spawn("two", counterActor, { input: { from: 5 } });
  expect(await other.ask({ type: "read" })).toEqual({ count: 5 });
  await ref.stop("done");
  expect(await down).toMatchObject({ kind: "stopped" });
});
