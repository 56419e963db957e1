import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { connectNats, type NatsOptions } from "../../../src/transport/nats.ts";
import { eachServerVersion, testServer } from "../../support/nats-server.ts";
import { transportContract } from "./contract.ts";
import { bytes, eventsOf, okOf, type Pair, textOf, unique } from "./support.ts";

async function makePair(server: EmbeddedServer, options: NatsOptions = {}): Promise<Pair> {
  const one = await connectNats({ servers: server.url, ...options });
  const two = await connectNats({ servers: server.url, ...options });
  return {
    one,
    two,
    [Symbol.asyncDispose]: async () => {
      await one.close();
      await two.close();
    },
  };
}

describe.each(eachServerVersion)("on nats-server %s", (version) => {
  let server: EmbeddedServer;
  beforeAll(async () => {
    server = await testServer({ version });
  });
  afterAll(() => server.stop());

  transportContract("nats", () => makePair(server));
});
