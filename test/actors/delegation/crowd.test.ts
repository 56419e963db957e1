import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { worker } from "../../../actors/index.ts";
import { type Decision, delegation, type Refused } from "../../../protocols/index.ts";
import { createSystem } from "../../../src/index.ts";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { testServer } from "../../support/nats-server.ts";
import { runProgram } from "../../support/processes.ts";
import { inFlight, roles } from "./team.ts";

vi.setConfig({ testTimeout: 120_000 });

let server: EmbeddedServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const program = fileURLToPath(new URL("team-program.ts", import.meta.url));

test("row 15: of 200 delegations from three processes to a capacity of 10 exactly 10 are accepted; kill -9 of one that hosts them, and each ends once with its place given back", async () => {
  await using client = await createSystem({
    name: "crowd",
    node: "client",
    servers: server.url,
  });
  const done: unknown[] = [];
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const perform = async (): Promise<number> => {
    await released;
    return done.push(1);
  };
  const { coordinator, validators, checkers } = roles;
  await client.spawn(
    "coordinator",
    worker(() => 0),
    { role: coordinator },
  );
  await client.spawn("validators", worker(perform), { role: { ...validators, capacity: 10 } });
  await client.spawn(
    "checkers",
    worker(() => 0),
    { role: checkers },
  );

  await using stack = new AsyncDisposableStack();
  const nodes = ["a", "b", "c"].map((node, n) =>
    stack.use(runProgram(program, [server.url, "crowd", node, n === 0 ? "66" : "67"])),
  );
  for (const node of nodes) expect(await node.nextLine()).toBe("ready");
  const printed = (await Promise.all(nodes.map((node) => node.nextLine()))) as {
    id: string;
    decision: Decision;
  }[][];
  const all = printed.flat();
  expect(all).toHaveLength(200);
  const [accepted, refused] = [
    all.filter(({ decision }) => decision.ok),
    all.filter(({ decision }) => !decision.ok),
  ];
  expect(accepted).toHaveLength(10);
  for (const { decision } of refused) {
    const { check, alternatives, requiresEscalation } = decision as Refused;
    expect({ check, requiresEscalation, others: alternatives.map(({ address }) => address) }).toEqual({
      check: "capacity",
      requiresEscalation: false,
      others: ["checkers"],
    });
  }

  nodes[0]?.child.kill("SIGKILL");
  release();
  const ended = await Promise.all(
    accepted.map(({ id }) =>
      client.ref(`delegation.${id}`, delegation).ask({ type: "result" }, { withinMs: 60_000 }),
    ),
  );
  expect(ended.map(({ status }) => status)).toEqual(accepted.map(() => "done"));
  const results = ended.map((each) => (each.status === "done" ? each.result : undefined));
  expect(results.toSorted((a, b) => Number(a) - Number(b))).toEqual(accepted.map((_, n) => n + 1));
  expect(done).toHaveLength(10);
  await vi.waitFor(async () => expect(await inFlight(client, "validators")).toBe(0), { timeout: 30_000 });
});
