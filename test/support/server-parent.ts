// A program that starts a server and waits: tests kill it, or press Ctrl-C on it.
// Arguments: the server's version, and a store folder to keep or nothing.
import { dirname } from "node:path";
import { connect } from "nats";
import { testServer } from "./nats-server.ts";

const [version, storeDir] = process.argv.slice(2);
if (version !== "2.10.27" && version !== "2.9.10") throw new Error(`Expected a version, got ${version}`);

const server = await testServer({ version, ...(storeDir ? { storeDir } : {}) });
const runFolder = dirname(server.configFile);

// Stay alive until a signal comes.
const alive = setInterval(() => {}, 60_000);

process.once("SIGINT", async () => {
  const connection = await connect({ servers: server.url, reconnect: false });
  await connection.flush();
  await connection.close();
  await server.stop();
  const { expected } = await server.exited;
  clearInterval(alive);
  say({ answeredAfterCtrlC: true, expected });
});

say({ pid: server.pid, url: server.url, storeDir: server.storeDir, runFolder });

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
