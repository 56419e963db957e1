import { boxPattern } from "../../protocols/index.ts";
import type { Store, StreamOptions } from "../transport/transport.ts";
import { recordMaxBytes } from "./record-codec.ts";

/**
 * Entries of all inboxes, and what they may come to. Beyond it nothing is taken (STORE_FULL). The server sets the bytes aside from
 * the room it has, so that no system can be founded where there is less.
 */
const boxMessagesMax = 10_000_000;
const boxBytesMax = 1024 ** 3;

/** A bucket or a stream of a system, and what holds where it is created. */
interface Named<Options> {
  readonly name: string;
  readonly options: Options;
}

/** Where a system's durable types, their nodes and their shards are written down. */
export function hostsBucket(system: string): Named<object> {
  return { name: `cx_${system}_hosts`, options: {} };
}

/** The records of all durable agents. */
export function recordsBucket(system: string): Named<Parameters<Store["bucket"]>[1]> {
  return { name: `cx_${system}_agents`, options: { valueMaxBytes: recordMaxBytes } };
}

/** The inboxes of all durable agents, each of at most `subjectMessagesMax` entries. */
export function boxStream(system: string, subjectMessagesMax: number): Named<StreamOptions> {
  return {
    name: `cx_${system}_box`,
    options: {
      kind: "queue",
      subjects: [boxPattern(system, "*")],
      messagesMax: boxMessagesMax,
      bytesMax: boxBytesMax,
      subjectMessagesMax,
    },
  };
}

/** A bucket is a stream as well, to be read page by page in the order in which it was written. */
export function streamOfBucket(name: string): Named<StreamOptions> {
  return {
    name: `KV_${name}`,
    options: { subjects: [`$KV.${name}.>`], messagesMax: 1, bytesMax: 1 },
  };
}
