import { boxPattern, CoxswainError } from "../../protocols/index.ts";
import type { Outcome, Store, StreamOptions } from "../transport/transport.ts";
import { recordMaxBytes } from "./record-codec.ts";

/** Entries of all inboxes. Beyond it nothing is taken (STORE_FULL). */
const boxMessagesMax = 10_000_000;
/**
 * What all inboxes may come to, in bytes, where nothing else is said; beyond it likewise. The server sets them aside from the room it
 * has, so that no system can be founded where there is less.
 */
export const boxBytesMaxDefault = 512 * 1024 ** 2;

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
export function boxStream(
  system: string,
  subjectMessagesMax: number,
  bytesMax: number = boxBytesMaxDefault,
): Named<StreamOptions> {
  return {
    name: `cx_${system}_box`,
    options: {
      kind: "queue",
      subjects: [boxPattern(system, "*")],
      messagesMax: boxMessagesMax,
      bytesMax,
      subjectMessagesMax,
    },
  };
}

/** Says by which option less is set aside, where the server has no room for it. */
export function roomFor<T>(opened: Outcome<T>, option: string, bytes: number): Outcome<T> {
  if (opened.kind !== "rejected" || opened.error.code !== "STORE_FULL") return opened;
  const text = `Expected room on the server for ${option}, ${bytes} bytes (less may be given): ${opened.error.message}`;
  return { kind: "rejected", error: new CoxswainError("STORE_FULL", text, { cause: opened.error }) };
}

/** A bucket is a stream as well, to be read page by page in the order in which it was written. */
export function streamOfBucket(name: string): Named<StreamOptions> {
  return {
    name: `KV_${name}`,
    options: { subjects: [`$KV.${name}.>`], messagesMax: 1, bytesMax: 1 },
  };
}
