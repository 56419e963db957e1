import type { NatsConnection } from "nats";
import { deadLetterStream } from "../../dead-letters.ts";
import { boxStream, hostsBucket, recordsBucket } from "../../durable/stores.ts";
import type { Kind } from "./format.ts";

/** The streams in which a system's durable state is kept, by what is in them. */
export function streamsOf(system: string): Readonly<Record<Kind, string>> {
  return {
    record: `KV_${recordsBucket(system).name}`,
    message: boxStream(system, 1).name,
    letter: deadLetterStream(system).name,
    placement: `KV_${hostsBucket(system).name}`,
  };
}

export interface StreamLook {
  readonly name: string;
  readonly entries: number;
  readonly lastSequence: number;
  readonly subjectMessagesMax: number;
  readonly replicas: number;
}

/** What is there of it; a stream that is missing is left out. @throws what the server refuses */
export async function lookAtStreams(
  connection: NatsConnection,
  system: string,
): Promise<Partial<Record<Kind, StreamLook>>> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const found: Partial<Record<Kind, StreamLook>> = {};
  for (const [kind, name] of Object.entries(streamsOf(system)) as [Kind, string][]) {
    const info = await manager.streams
      .info(name)
      .catch((error: { readonly api_error?: { err_code: number } }) => {
        if (error.api_error?.err_code === streamNotFound) return undefined;
        throw error;
      });
    if (info === undefined) continue;
    const { config, state } = info;
    found[kind] = {
      name,
      entries: state.messages,
      lastSequence: state.last_seq,
      subjectMessagesMax: config.max_msgs_per_subject,
      replicas: config.num_replicas,
    };
  }
  return found;
}

const streamNotFound = 10059;
