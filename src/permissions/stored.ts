import { auditStream } from "../audit/index.ts";
import { deadLetterStream } from "../dead-letters.ts";
import { historyStream } from "../durable/history/history-stream.ts";
import { boxStream, hostsBucket, recordsBucket } from "../durable/stores.ts";
import { privateBucket, publicBucket } from "../grants/key-store.ts";
import { groupsBucket } from "../groups/group-address.ts";

/** What a system keeps on its server, by the names that its permissions and its provisioning share. */
export interface StoredNames {
  /** Who lives where. */
  readonly members: string;
  readonly hosts: string;
  readonly records: string;
  readonly box: string;
  readonly dead: string;
  readonly audit: string;
  readonly groups: string;
  /** Of grants: the keys they are checked with, and the one they are signed with. */
  readonly keys: string;
  readonly signing: string;
  history(type: string): string;
}

export function storedNames(system: string): StoredNames {
  return {
    members: `cx_${system}`,
    hosts: hostsBucket(system).name,
    records: recordsBucket(system).name,
    box: boxStream(system, 1).name,
    dead: deadLetterStream(system).name,
    audit: auditStream(system).name,
    groups: groupsBucket(system),
    keys: publicBucket(system),
    signing: privateBucket(system),
    history: (type) => historyStream(system, type, 1).name,
  };
}

/** The stream in which a bucket is kept. */
export function streamOf(bucket: string): string {
  return `KV_${bucket}`;
}

/** Its keys, as the server sees them. */
export function keysOf(bucket: string, ...keys: readonly string[]): readonly string[] {
  return keys.map((key) => `$KV.${bucket}.${key}`);
}

/** Requests of JetStream, each of one stream. */
export function requests(stream: string, ...what: readonly string[]): readonly string[] {
  return what.map((each) => `$JS.API.${each.replace("<stream>", stream)}`);
}

/** The durable type that issues grants. */
export const issuer = "grants";

/** To open what is there. */
export const opening = ["STREAM.INFO.<stream>"] as const;
/** To read a key from the leader. */
export const getting = ["STREAM.MSG.GET.<stream>"] as const;
/** To be told of each change. */
export const watching = ["CONSUMER.CREATE.<stream>"] as const;
/** To read all keys below one. */
export const reading = [
  "CONSUMER.CREATE.<stream>",
  "CONSUMER.MSG.NEXT.<stream>.*",
  "CONSUMER.DELETE.<stream>.*",
] as const;
/** To take what is in a queue; who takes it over removes the consumer that was. */
export const consuming = [
  "CONSUMER.NAMES.<stream>",
  "CONSUMER.DURABLE.CREATE.<stream>.*",
  "CONSUMER.DELETE.<stream>.*",
] as const;

/** A server that sends faster than its consumer reads waits for a word. */
export function flowControl(stream: string): string {
  return `$JS.FC.${stream}.>`;
}

export function acknowledging(stream: string): string {
  return `$JS.ACK.${stream}.>`;
}
