// A node of the run: hosts every type of agent, until it is killed. Argument: its options as JSON.
import { type ActorSystem, createSystem, realEnv, type SystemOptions } from "../../../src/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { type AgentType, catalogue } from "../agents/index.ts";
import type { NodeOptions } from "./node-options.ts";
import { withBug } from "./planted-bugs.ts";

process.on("disconnect", () => process.exit(0));

const { system: name, volatile, bug, ...options } = JSON.parse(process.argv[2] ?? "") as NodeOptions;
let clockMs = 0;
const env = { ...realEnv, nowMs: () => realEnv.nowMs() + clockMs };
const kept = bug === "timersAnew" ? { timers: { resume: "restart" } as const } : "durable";
const actors = catalogue(volatile === undefined ? kept : "volatile");
const system = await joined({ ...options, name, actors, env });
for (const address of volatile ?? []) {
  await system.spawn(address, actors[address.split(".")[0] as AgentType]);
}

process.on("message", (message: { readonly type: string; readonly byMs?: number }) => {
  if (message.type === "clock") clockMs = message.byMs ?? 0;
});
process.on("SIGTERM", () => void system.drain().finally(() => process.exit(0)));
process.send?.({ type: "ready" });

async function joined({ servers = [], connection = {}, ...rest }: SystemOptions): Promise<ActorSystem> {
  if (bug === undefined) return createSystem({ servers, connection, ...rest });
  if (bug === "freshKeys") process.env.FRESH_KEYS = `~${process.pid}`;
  return createSystem({
    ...rest,
    transport: withBug(await connectNats({ ...connection, servers, env }), bug),
  });
}
