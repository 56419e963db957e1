import type { NatsConnection } from "nats";
import { deadLetterStream } from "../../dead-letters.ts";
import { historyStream } from "../../durable/history/history-stream.ts";
import { boxStream, hostsBucket, recordsBucket } from "../../durable/stores.ts";
import type { Kind } from "./format.ts";

/** The streams in which a system's durable state is kept, and what is in them. */
export function streamsOf(
  system: string,
  historyTypes: readonly string[],
): readonly (readonly [Kind, string])[] {
  return [
    ["record", `KV_${recordsBucket(system).name}`],
    ["message", boxStream(system, 1).name],
    ["letter", deadLetterStream(system).name],
    ["placement", `KV_${hostsBucket(system).name}`],
    ...historyTypes.map((type) => ["history", historyStream(system, type, 1).name] as const),
  ];
}

export interface StreamLook {
  readonly kind: Kind;
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
  historyTypes: readonly string[] = [],
): Promise<readonly StreamLook[]> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const found: StreamLook[] = [];
  for (const [kind, name] of streamsOf(system, historyTypes)) {
    const info = await manager.streams
      .info(name)
      .catch((error: { readonly api_error?: { err_code: number } }) => {
        if (error.api_error?.err_code === streamNotFound) return undefined;
        throw error;
      });
    if (info === undefined) continue;
    const { config, state } = info;
    found.push({
      kind,
      name,
      entries: state.messages,
      lastSequence: state.last_seq,
      subjectMessagesMax: config.max_msgs_per_subject,
      replicas: config.num_replicas,
    });
  }
  return found;
}

const streamNotFound = 10059;
