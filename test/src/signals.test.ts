import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
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
