import { createServer } from "node:net";
import { connect } from "nats";
import { type BringableVersion, type EmbeddedServer, startServer } from "../../src/server/index.ts";

export interface TestCluster extends AsyncDisposable {
  readonly servers: readonly EmbeddedServer[];
  readonly urls: readonly string[];
}

/** Three servers that keep replicas together; resolves once JetStream answers. About three seconds. */
export async function testCluster(version: BringableVersion = "2.10.27"): Promise<TestCluster> {
  for (let left = 2; ; left--) {
    try {
      return await clusterOn(version);
    } catch (error) {
      // A port that was free is somebody else's by now: then the three never find together.
      if (left === 0) throw error;
    }
  }
}

async function clusterOn(version: BringableVersion): Promise<TestCluster> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`);
  const starting = await Promise.allSettled(
    ports.map((port) =>
      startServer({ version, config: { cluster: { name: "fleet", listen: `127.0.0.1:${port}`, routes } } }),
    ),
  );
  const servers = starting.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  for (const each of starting) {
    if (each.status === "fulfilled") continue;
    await stop();
    throw each.reason;
  }
  const urls = servers.map((server) => server.url);
  await untilJetStreamAnswers(urls).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { servers, urls, [Symbol.asyncDispose]: stop };
}

/** Once the servers have chosen a leader, which knows all of them. */
export async function untilJetStreamAnswers(urls: readonly string[]): Promise<void> {
  const connection = await connect({ servers: [...urls] });
  const until = performance.now() + 20_000;
  try {
    for (;;) {
      const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 1_000 });
      // They have a leader before all of them are known to it: then it has no place for a third replica.
      const probe = { name: "probe", subjects: ["probe"], num_replicas: urls.length };
      const placed = await manager.streams.add(probe).catch((error: unknown) => error);
      if (!(placed instanceof Error)) {
        await manager.streams.delete("probe");
        return;
      }
      if (performance.now() > until) throw placed;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await connection.close();
  }
}

/** A port that was free a moment ago: routes must be known before the servers are there. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Expected a port");
  return address.port;
}
