import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { actorAddress } from "../../protocols/index.ts";
import { closeOnSignals } from "../../src/index.ts";
import { openTerminal, type Running, type Terminal } from "../support/cli.ts";

vi.setConfig({ testTimeout: 60_000 });

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal[Symbol.asyncDispose]());

/** A script with one actor; `stuck` holds a message back for ever. */
async function script({ stuck = false, withinMs = 5_000 } = {}): Promise<Running> {
  const file = join(terminal.folder, `script-${stuck}-${withinMs}.ts`);
  const support = new URL("../support/counter.ts", import.meta.url).href;
  await writeFile(
    file,
    `import { closeOnSignals, createSystem } from "coxswain";
import { counterActor } from ${JSON.stringify(support)};
const system = await createSystem({ name: "signals", transport: "memory" });
closeOnSignals(system, { withinMs: ${withinMs} });
setInterval(() => {}, 60_000);
const ref = await system.spawn("one", counterActor);
${stuck ? 'ref.tell({ type: "lock" });' : ""}
ref.tell({ type: "add", by: 1 });
await ref.ask({ type: "read" });
console.log("ready");
`,
  );
  const running = terminal.node([file]);
  await running.said(/ready/);
  return running;
}

it.each(["SIGINT", "SIGTERM"] as const)(
  "%s drains, reports, and ends the process by that signal",
  async (signal) => {
    const running = await script();
    running.child.kill(signal);
    await running.ended;
    expect(running.child.signalCode).toBe(signal);
    expect(running.stderr).toContain(`coxswain: ${signal}: closing in good order`);
    expect(running.stderr).toContain("coxswain: closed: 1 actors stopped, 2 messages handled\n");
  },
);

it("work that cannot end in time is named", async () => {
  const running = await script({ stuck: true, withinMs: 50 });
  running.child.kill("SIGTERM");
  await running.ended;
  expect(running.stderr).toMatch(/closed: 0 actors stopped, .* unfinished: one\n/);
});

const closingProgram = fileURLToPath(new URL("../support/closing-program.ts", import.meta.url));

/** Sends a signal to a supervised tree. @returns what its actors said from then on */
async function closed(program: Running, signal: NodeJS.Signals): Promise<string[]> {
  await program.said(/ready/);
  program.child.kill(signal);
  await program.ended;
  expect(program.child.signalCode).toBe(signal);
  return program.stdout.trim().split("\n").slice(1);
}

const innerInReverse = ["two", "one"].flatMap((name) => [`cleaning ${name}`, `clean ${name}`]);
const shopInReverse = [...innerInReverse, "cleaning deaf", "cleaning first", "clean first"];

it.each(["SIGINT", "SIGTERM"] as const)(
  "%s stops children in the reverse order of their start, and names the one that did not stop in time",
  async (signal) => {
    const program = terminal.node([closingProgram]);
    expect(await closed(program, signal)).toEqual(["cleaning late", "clean late", ...shopInReverse]);
    expect(program.stderr).toMatch(/closed: 6 actors stopped, \d+ messages handled, killed: shop\.deaf\n/);
  },
);

it("stopWithinMs is the limit of those that nobody supervises", async () => {
  const program = terminal.node([closingProgram, '{ "stopWithinMs": 1000 }', "deaf"]);
  expect(await closed(program, "SIGTERM")).toEqual(["cleaning late", ...shopInReverse]);
  expect(program.stderr).toMatch(/closed: 5 actors stopped, .* killed: shop\.deaf, late\n/);
});

it("names so many and counts the rest", async () => {
  const killed = Array.from({ length: 23 }, (_, n) => actorAddress(`crowd.${n}`));
  const report = { stopped: 23, unfinished: [], killed, counts: { handled: 0 } } as never;
  const lines: string[] = [];
  const exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as never);
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  closeOnSignals({ drain: async () => report }, { signals: ["SIGUSR2"], say: (line) => lines.push(line) });
  process.emit("SIGUSR2", "SIGUSR2");
  await vi.waitFor(() => expect(exit).toHaveBeenCalledOnce());
  expect(kill).toHaveBeenCalledWith(process.pid, "SIGUSR2");
  expect(lines.at(-1)).toMatch(/^closed: 0 actors stopped, .* killed: crowd\.0, .*, crowd\.19 and 3 more$/);
  vi.restoreAllMocks();
});

it("a second signal ends it at once; one that follows on the heels of the first is the same key press", async () => {
  const running = await script({ stuck: true, withinMs: 600_000 });
  running.child.kill("SIGINT");
  running.child.kill("SIGINT");
  await running.said(/closing in good order/);
  running.child.kill("SIGINT");
  // Pressed until it counts: the first 300 ms do not.
  await vi.waitFor(
    () => {
      running.child.kill("SIGINT");
      expect(running.child.signalCode).toBe("SIGINT");
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(running.stderr).not.toContain("closed:");
});
