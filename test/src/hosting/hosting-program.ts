// A program of its own: hosts a clerk in a process, or a thread, and goes on as its first argument says.
import { createSystem, hostedActor } from "../../../src/index.ts";
import { clerk } from "./clerk.ts";

const [what, place, how = ""] = process.argv.slice(2);
const system = await createSystem({ name: "program", transport: "memory", onReport: () => {} });
const module = new URL("./clerk.ts", import.meta.url);
const hosted = hostedActor({
  protocol: clerk,
  in: place as "thread" | "process",
  module,
  name: "clerkActor",
  turnMaxMs: 60_000,
});
const ref = await system.spawn("clerk", hosted);
await ref.ask({ type: "echo", text: "up" });
if (how !== "") ref.tell({ type: "misbehave", how });
process.stdout.write('"up"\n');
if (what === "drain") {
  const report = await system.drain({ withinMs: 200, stopWithinMs: 200 });
  // Nothing ends this process but that nothing is left to wait for.
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
