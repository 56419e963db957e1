import { startServer } from "../server/index.ts";
import { Deferred } from "../transport/outcomes.ts";
import { type Command, exitCodes, UsageError } from "./command.ts";
import { interrupted } from "./interrupted.ts";
import { print, say } from "./output.ts";

export const server: Command = {
  name: "server",
  summary: "run a NATS server of our own, for several scripts",
  usage: "server [options]",
  says: `Starts the embedded nats-server and keeps it until Ctrl-C. Prints its URL: give it to scripts as NATS_URL.
The other commands find it by themselves.`,
  example: "coxswain server --port 4222 --store ./data",
  options: {
    port: { type: "string", value: "N", says: "Where it listens on 127.0.0.1; default a free port" },
    store: { type: "string", value: "DIR", says: "Keep its streams there; default a folder removed with it" },
    sync: { type: "string", value: "always", says: "Flush to disk before each acknowledgement; slower" },
  },
  positionalsMax: 0,
  run: async (given) => {
    const port = given.count("port", 0, { min: 1, max: 65_535 });
    const storeDir = given.text("store");
    const sync = given.text("sync") ?? "interval";
    if (sync !== "interval" && sync !== "always") {
      throw new UsageError(`Expected --sync interval or --sync always, got "${sync}"`);
    }
    const started = await startServer({
      sync,
      ...(port === 0 ? {} : { port }),
      ...(storeDir === undefined ? {} : { storeDir }),
      onProgress: (step) => say(`coxswain: ${step}`),
    });
    const ended = new Deferred<number>();
    const stopSignals = interrupted((code, signal) =>
      ended.resolve(signal === "SIGTERM" ? exitCodes.ok : code),
    );
    void started.exited.then(({ expected, log }) => {
      if (expected) return;
      say(`coxswain: nats-server ended unexpectedly: ${log.at(-1) ?? "it said nothing"}`);
      ended.resolve(exitCodes.failed);
    });
    print(started.url);
    say(`coxswain: nats-server ${started.version}, streams in ${started.storeDir}; Ctrl-C ends it`);
    const code = await ended.promise;
    stopSignals();
    await started.stop();
    return code;
  },
};
