import { expect, it, vi } from "vitest";
import { defineSupervisor } from "../../../actors/index.ts";
import { createSystem, defineActor } from "../../../src/index.ts";
import { exampleFile, openTerminal, output } from "../../support/cli.ts";
import { counter, counterActor } from "../../support/counter.ts";
import { testServer } from "../../support/nats-server.ts";

// Each look is a process.
vi.setConfig({ testTimeout: 60_000 });

/** Two nodes: on "a" a supervisor with children there, on "b", and of its own supervisor; and somebody who looks at it. */
async function shop() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await testServer());
  const terminal = stack.use(await openTerminal());
  const common = { name: "fleet", servers: server.url, onReport: () => {} };
  stack.use(await createSystem({ ...common, node: "b", actors: { counter: counterActor } }));
  const system = stack.use(await createSystem({ ...common, node: "a" }));
  let mayStart = true;
  const moody = defineActor({
    protocol: counter,
    initial: () => {
      if (!mayStart) throw new Error("not today");
      return 0;
    },
    receive: (_, message) => {
      throw new Error(message.type);
    },
  });
  const definition = defineSupervisor({
    intensity: 4,
    periodMs: 60_000,
    backoff: { initialMs: 600_000, maxMs: 600_000 },
    children: [
      { id: "stock", actor: counterActor, input: undefined },
      { id: "far", actor: "counter", node: "b" },
      {
        id: "tills",
        actor: defineSupervisor({ strategy: "one_for_all", children: [{ id: "one", actor: moody }] }),
      },
      { id: "moody", actor: moody, restart: "transient" },
    ],
  });
  const ref = await system.spawn("shop", definition);
  return {
    ref,
    terminal,
    refuseToStart: () => {
      mayStart = false;
    },
    fail: (address: string) => system.ref(address, counter).tell({ type: "fail", text: "dropped" }),
    look: (...args: string[]) => terminal.coxswain(["tree", "--servers", server.url, ...args]),
    add: (address: string) => system.ref(address, counter).tell({ type: "add", by: 1 }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

it("tree shows supervisors with their children, near, far, stopped, and their own supervisors", async () => {
  await using at = await shop();
  await at.ref.ask({ type: "terminateChild", id: "moody" });
  const { stdout, stderr, code } = await output(at.look());
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout.split("\n").map((line) => line.replace(/ {2}pid .*/, ""))).toEqual([
    expect.stringMatching(/^fleet at nats:/),
    "├─ a",
    "│  └─ shop  supervision@1.0  supervising.idle  one_for_one, intensity 4 in 1 min, 4 children, 0 restarts",
    "│     ├─ stock  counter@1.2  open  0 handled  running, permanent, 0 restarts",
    "│     ├─ far  counter  running on b as shop-far, permanent, 0 restarts",
    "│     ├─ tills  supervision@1.0  supervising.idle  one_for_all, intensity 1 in 5 s, 1 child, 0 restarts  running, permanent, 0 restarts",
    "│     │  └─ one  counter@1.2  active  0 handled  running, permanent, 0 restarts",
    "│     └─ moody  moody  stopped, transient, 0 restarts",
    "└─ b",
    "   └─ shop-far  counter@1.2  open  0 handled  child of shop",
    "",
  ]);
});

it("tree --watch shows restarts, near and far, tries and stops as they come, and ends with 130 on Ctrl-C", async () => {
  await using at = await shop();
  // So seldom that only facts can be what it draws for.
  const tree = at.look("--watch", "--every", "3600000");
  await tree.said(/moody .*running, transient, 0 restarts/);
  at.fail("shop.stock");
  await tree.said(/stock .*running, permanent, 1 restart\n/);
  at.fail("shop-far");
  await tree.said(/far .*running on b as shop-far, permanent, 1 restart\n/);
  at.refuseToStart();
  at.fail("shop.moody");
  await tree.said(/└─ moody {2}moody {2}restarting, transient, 0 restarts\n/);
  await at.ref.ask({ type: "terminateChild", id: "stock" });
  await tree.said(/├─ stock {2}stock {2}stopped, permanent, 1 restart\n/);
  tree.child.kill("SIGINT");
  const { stderr, stdout, code } = await output(tree);
  expect({ stderr, code }).toEqual({ stderr: "", code: 130 });
  expect(stdout).not.toContain("\x1b");
  // Only what changed is drawn: there were about six changes, and a few looks between their parts.
  expect(stdout.match(/^fleet at/gm)?.length).toBeLessThan(30);
});

it("tree --watch of an address draws again for what happens below it, and looks now and then of itself", async () => {
  await using at = await shop();
  const tree = at.look("shop.tills", "--watch");
  await tree.said(/tills .*1 child/);
  at.fail("shop.tills.one");
  await tree.said(/tills .*1 restart\n/);
  const looking = at.look("shop.stock", "--watch", "--every", "200");
  await looking.said(/stock .* 0 handled/);
  // Of this no fact tells.
  at.add("shop.stock");
  await looking.said(/stock .* 1 handled/);
  for (const { child } of [tree, looking]) child.kill("SIGTERM");
  expect([await tree.ended, await looking.ended]).toEqual([143, 143]);
});

it("tree --watch ends with 3 when its server is gone for good", async () => {
  await using terminal = await openTerminal();
  const server = terminal.coxswain(["run", exampleFile("tally.ts")]);
  await server.said(/tally runs/);
  const tree = terminal.coxswain(["tree", "--watch"]);
  await tree.said(/bow/);
  server.child.kill("SIGINT");
  expect(await tree.ended).toBe(3);
  expect(tree.stdout).toContain("nothing is seen now");
});

it("a crowd is cut to the limit, and the largest limit still fits a message", async () => {
  await using server = await testServer();
  await using terminal = await openTerminal();
  await using system = await createSystem({ name: "fleet", servers: server.url });
  const children = Array.from({ length: 3_000 }, (_, n) => ({ id: `c${n}`, actor: counterActor }));
  await system.spawn("crowd", defineSupervisor({ children }));
  const look = async (limit: number): Promise<string> =>
    (await output(terminal.coxswain(["tree", "--servers", server.url, "--limit", String(limit)]))).stdout;
  expect(await look(2)).toMatch(
    / 2 of 3001 actors\n.* 2 of 3000 children, 0 restarts of these\n.*─ c2998 .*\n.*─ c2999 .*\n.*─ c0 /,
  );
  expect(await look(2_500)).toMatch(/ 2500 of 3001 actors\n.* 2500 of 3000 children, 0 restarts of these\n/);
});

it("--every without --watch is a mistake", async () => {
  await using terminal = await openTerminal();
  const { stderr, code } = await output(terminal.coxswain(["tree", "--every", "500"]));
  expect(code).toBe(2);
  expect(stderr).toContain("--every is for --watch");
});
