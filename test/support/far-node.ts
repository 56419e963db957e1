// A node of its own process: hosts counters below the root given, until it is killed.
// Arguments: servers, system name, node name, root name.
import { createSystem } from "../../src/index.ts";
import { counterActor } from "./counter.ts";

const [servers = "", name = "", node = "", root = ""] = process.argv.slice(2);
const system = await createSystem({ name, node, servers, leaseMs: 600 });
await system.spawn(`${root}.counter`, counterActor, {
  role: { authority: "AGENT", skills: { counting: 0.9 } },
});
process.stdout.write("ready\n");
process.on("SIGTERM", () => void system.drain().then(() => process.exit(0)));
