import { expect, it, vi } from "vitest";
import { control, nodeAddress } from "../../../protocols/index.ts";
import { psText } from "../../../src/cli/ps.ts";
import { type Surveyed, survey } from "../../../src/cli/survey.ts";
import { treeText } from "../../../src/cli/tree-text.ts";
import { connectClient } from "../../../src/client.ts";
import { createSystem } from "../../../src/index.ts";
import { exampleFile, openTerminal, output } from "../../support/cli.ts";
import { counter, counterActor } from "../../support/counter.ts";
import { testServer } from "../../support/nats-server.ts";
import { accountActor, bank, plainWorld } from "../durable/bank.ts";

vi.setConfig({ testTimeout: 60_000 });

const plain = (_style: unknown, text: string): string => text;
const actor = (address: string, more: object = {}) => ({
  address,
  activation: "x.0",
  protocol: "work@1.0",
  state: "idle",
  waiting: 0,
  postponed: 0,
  handled: 3,
  ...more,
});
const record = { incarnation: "i", zone: "main", pid: 7, host: "box", startedAtMs: 0, leaseMs: 3_000 };
const info = { ...record, node: "a", actors: 3, counts: {}, heapBytes: 1 };
const nodes: readonly Surveyed[] = [
  {
    ...record,
    node: "a",
    answer: {
      info,
      actors: [
        actor("crew.bow", { waiting: 2, oldestMs: 1_500, postponed: 1, state: { busy: "calling" } }),
        actor("crew.bow.mate", { owner: "crew.bow" }),
        actor("desk"),
      ],
      total: 5,
    },
  },
  { ...record, node: "b", answer: { silent: "UNREACHABLE" } },
];

it("the tree names parts that nobody lives at, what waits, what is hidden, and nodes that are silent", () => {
  expect(treeText("fleet", { nodes, overseen: new Map() }, 61_000, plain).split("\n")).toEqual([
    "fleet",
    "├─ a  pid 7 on box, up 1 min 1 s, 3 of 5 actors",
    "│  ├─ crew",
    "│  │  └─ bow  work@1.0  busy.calling  3 handled, 2 waiting (oldest 1 s), 1 postponed",
    "│  │     └─ mate  work@1.0  idle  3 handled",
    "│  └─ desk  work@1.0  idle  3 handled",
    "└─ b  pid 7 on box, up 1 min 1 s, silent (UNREACHABLE)",
  ]);
});

it("ps lists silent nodes, too, and whose each actor is", () => {
  const text = psText("fleet", nodes, 61_000, plain);
  expect(text).toMatch(/\nb +main +7 +box +1 min 1 s +silent \(UNREACHABLE\)\n/);
  expect(text).toMatch(/\ncrew\.bow +work@1\.0 +busy\.calling +2 +1 +3 +1 s +a +-\n/);
  expect(text).toMatch(/\ncrew\.bow\.mate .* +a +crew\.bow\n/);
});

it("durable agents in memory are listed page by page with other actors, and shown by ps and tree", async () => {
  await using server = await testServer();
  const actors = { account: accountActor(plainWorld([])) };
  await using system = await createSystem({ name: "fleet", node: "a", servers: server.url, actors });
  await system.spawn("one", counterActor);
  const keys = ["ada", "ben", "cy"];
  const refs = keys.map((key) => system.ref(`account.${key}`, bank));
  for (const ref of refs) await ref.ask({ type: "read" }, { withinMs: 10_000 });
  await using client = await connectClient({ system: "fleet", servers: server.url, onReport: () => {} });
  const answers = await survey(client, { under: "", limit: 100, withinMs: 5_000 });
  const [{ answer }] = answers as [Surveyed];
  expect(answer).toMatchObject({
    info: { actors: 1, agents: 3 },
    total: 4,
    actors: [
      ...keys.map((key) => ({
        address: `account.${key}`,
        durable: true,
        state: { till: "open" },
        waiting: 0,
      })),
      { address: "one" },
    ],
  });
  expect(psText("fleet", answers, Date.now(), plain)).toMatch(
    /\naccount\.ada +\S+ +\S.* +0 +0 +\d+ +- +a +\(durable\)\n/,
  );
  expect(treeText("fleet", { nodes: answers, overseen: new Map() }, Date.now(), plain)).toMatch(
    /─ account\n.*─ ada {2}\S+ {2}\S.* {2}\d+ handled {2}durable\n/,
  );
  const node = client.ref(nodeAddress("a"), control);
  const page = await node.ask({ type: "list", under: "account", after: "account.ada", limit: 1 });
  expect([page.total, page.actors.map(({ address }) => address)]).toEqual([3, ["account.ben"]]);
});

it("a client asks actors and reads the store, and the system never hears of it", async () => {
  await using server = await testServer();
  await using system = await createSystem({ name: "fleet", node: "a", servers: server.url });
  await system.spawn("one", counterActor);
  await using client = await connectClient({ system: "fleet", servers: server.url, onReport: () => {} });
  expect(await client.ref("one", counter).ask({ type: "read" })).toEqual({ count: 0 });
  expect((await client.nodes()).map(({ node }) => node)).toEqual(["a"]);
  expect(system.nodes.map(({ node }) => node)).toEqual(["a"]);
  expect(client.unreachedCount).toBe(0);
});

it("a node that was killed is shown as silent, at once", async () => {
  await using terminal = await openTerminal();
  const server = terminal.coxswain(["server"]);
  const [url = ""] = await server.said(/nats:\/\/127\.0\.0\.1:\d+/);
  const tally = terminal.node([exampleFile("tally.ts")], { env: { NATS_URL: url } });
  await tally.said(/tally runs/);
  tally.child.kill("SIGKILL");
  await tally.ended;
  const { stdout, code } = await output(terminal.coxswain(["ps", "--within", "20000"]));
  expect(code).toBe(0);
  expect(stdout).toMatch(/silent \(UNREACHABLE\)/);
  expect(stdout).toContain("no actors");
});

it("tap ends with 3 when the embedded server it listens to has ended", async () => {
  await using terminal = await openTerminal();
  const server = terminal.coxswain(["run", exampleFile("tally.ts")]);
  await server.said(/tally runs/);
  const tap = terminal.coxswain(["tap", "--json"]);
  await tap.said(/listening/);
  server.child.kill("SIGINT");
  expect(await tap.ended).toBe(3);
  expect(tap.stderr).toContain("disconnected");
  const types = tap.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  expect(types).toEqual(expect.arrayContaining(["stopped"]));
});
