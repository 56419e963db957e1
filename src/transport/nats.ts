import { assertReplicas } from "../server/index.ts";
import { NatsConnector } from "./nats-connector.ts";
import { type NatsOptions, natsSettings } from "./nats-options.ts";
import { createNatsTransport, type NatsTransport } from "./nats-transport.ts";

export type { NatsOptions, NatsTlsOptions } from "./nats-options.ts";
export type { NatsTransport } from "./nats-transport.ts";

/**
 * Connects to a NATS server or cluster. After that it reconnects by itself, for ever unless
 * `reconnectAttemptsMax` says otherwise.
 *
 * @throws OPTION_INVALID, SERVER_NOT_FOUND, SERVER_FAILED, SERVER_TOO_OLD, PERMISSION_DENIED
 */
export async function connectNats(options: NatsOptions = {}): Promise<NatsTransport> {
  const settings = natsSettings(options);
  const connector = new NatsConnector(settings);
  const link = await connector.connect();
  try {
    assertReplicas(link.info.version, settings.replicas);
  } catch (error) {
    link.close("refused");
    throw error;
  }
  return createNatsTransport(connector, link);
}
