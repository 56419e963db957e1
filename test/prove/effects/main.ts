// The effect server as a process of its own, which no fault strikes. Argument: a seed. Says its URL, and ends with its parent.
import { startEffectServer } from "./effect-server.ts";

const server = await startEffectServer(Number(process.argv[2]));
process.on("disconnect", () => process.exit(0));
process.send?.({ type: "ready", url: server.url });
