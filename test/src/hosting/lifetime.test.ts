import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { isRunning, runProgram } from "../../support/processes.ts";
import { twoNodes } from "../../support/systems.ts";
import { clerkIn, walls } from "./definitions.ts";

const program = "../src/hosting/hosting-program.ts";

/** The workers that are children of a process. */
async function workersOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, ppid, args = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent && args.includes("hosting/worker.ts") ? [Number(pid)] : [];
  });
}

describe.each(walls)("a program that hosts an actor in a %s", (wall) => {
  test.each(["", "loop"])("ends by itself when its system is closed (%s)", async (how) => {
    await using run = runProgram(program, ["drain", wall, how]);
    const exited = once(run.child, "exit");
    expect(await run.nextLine()).toBe("up");
    expect(await run.nextLine()).toMatchObject({ killed: how === "" ? [] : ["clerk"] });
    expect(await exited).toEqual([0, null]);
  });
});

test.each(["", "loop"])("a child process ends with its node, whatever it does (%s)", async (how) => {
  await using run = runProgram(program, ["stay", "process", how]);
  expect(await run.nextLine()).toBe("up");
  const children = await workersOf(run.pid);
  expect(children).toHaveLength(1);
  run.child.kill("SIGKILL");
  for (const child of children) await expect.poll(() => isRunning(child), { timeout: 10_000 }).toBe(false);
});

test("a child process leaves Ctrl-C to its node", async () => {
  await using nodes = await twoNodes();
  const ref = await nodes.a.spawn("clerk", clerkIn("process"));
  const [worker = 0] = await workersOf(process.pid);
  process.kill(worker, "SIGINT");
  expect(await ref.ask({ type: "echo", text: "still here" })).toEqual({ text: "still here" });
  const { down } = ref.watch();
  process.kill(worker, "SIGTERM");
  expect(await down).toMatchObject({
    kind: "failed",
    error: { message: "Its process ended by itself, SIGTERM" },
  });
});
