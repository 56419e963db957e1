import { connect, type NatsConnection } from "nats";
import { expect } from "vitest";
import { connectNats, type NatsOptions } from "../../../../src/transport/nats.ts";
import type { NatsTransport } from "../../../../src/transport/nats-transport.ts";

export const waits = { timeout: 15_000, interval: 5 };

/** Our own transport, closed with its test. */
export async function ourTransport(options: NatsOptions): Promise<NatsTransport & AsyncDisposable> {
  const transport = await connectNats({ reconnectWaitMs: 20, ...options });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

/** The `nats` client, closed with its test. */
export async function natsClient(
  servers: string,
  options: object = {},
): Promise<NatsConnection & AsyncDisposable> {
  const client = await connect({ servers, reconnectTimeWait: 20, maxReconnectAttempts: -1, ...options });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Waits until a client that is coming back is heard by the server. */
export async function flushed(client: NatsConnection): Promise<void> {
  const heard = (): Promise<boolean> =>
    client.flush().then(
      () => true,
      () => false,
    );
  await expect.poll(heard, waits).toBe(true);
}
