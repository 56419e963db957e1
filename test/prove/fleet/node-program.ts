// A node of the run: hosts every type of agent, until it is killed. Argument: its options as JSON.
import { createSystem, realEnv } from "../../../src/index.ts";
import { type AgentType, catalogue } from "../agents/index.ts";
import type { NodeOptions } from "./node-options.ts";

const { system: name, volatile, ...options } = JSON.parse(process.argv[2] ?? "") as NodeOptions;
let clockMs = 0;
const env = { ...realEnv, nowMs: () => realEnv.nowMs() + clockMs };
const actors = catalogue(volatile === undefined ? "durable" : "volatile");
const system = await createSystem({ ...options, name, actors, env });
for (const address of volatile ?? []) {
  await system.spawn(address, actors[address.split(".")[0] as AgentType]);
}

process.on("message", (message: { readonly type: string; readonly byMs?: number }) => {
  if (message.type === "clock") clockMs = message.byMs ?? 0;
});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => void system.drain().finally(() => process.exit(0)));
process.send?.({ type: "ready" });
