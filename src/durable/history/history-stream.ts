import { type ActorAddress, historyPattern, historySubject } from "../../../protocols/index.ts";
import type { Outcome, Stream, StreamOptions } from "../../transport/transport.ts";

/** Entries of all agents of a type; the oldest go first. */
const entriesMax = 10_000_000;
/** What they may come to, in bytes, where nothing else is said; the server sets them aside. */
export const historyBytesMaxDefault = 1024 ** 3;

/** Where the histories of a type's agents are kept, and what holds where that is created: `historyMax` entries of each agent, the oldest go. */
export function historyStream(
  system: string,
  type: string,
  historyMax: number,
  bytesMax: number = historyBytesMaxDefault,
): { readonly name: string; readonly options: StreamOptions } {
  return {
    name: `cx_${system}_history_${type}`,
    options: {
      subjects: [historyPattern(system, type)],
      messagesMax: entriesMax,
      bytesMax,
      subjectMessagesMax: historyMax,
    },
  };
}

/** Says in the bucket of hosts that a type keeps histories, and how long: whoever only reads must not create what is not there. */
export function historyKey(type: string): string {
  return `history.${type}`;
}

/** The histories of a shard's agents of one type. */
export interface HistoryLog {
  append(address: ActorAddress, payload: Uint8Array): Promise<Outcome<number>>;
}

export function historyLog(system: string, shard: string, stream: Stream): HistoryLog {
  return {
    append: (address, payload) => stream.append(historySubject(system, shard, address), payload),
  };
}
