import { parentPort, workerData } from "node:worker_threads";
import { connect } from "nats";

/** Publishes 1 kB messages as fast as the server takes them, in a thread of its own; ends when told to. */
const { servers, subject } = workerData as { servers: string; subject: string };
const nc = await connect({ servers });
const payload = new Uint8Array(1_000);
let stopped = false;
parentPort?.once("message", () => {
  stopped = true;
});
while (!stopped) {
  for (let n = 0; n < 500; n++) nc.publish(subject, payload);
  await nc.flush();
  await new Promise(setImmediate);
}
await nc.close();
