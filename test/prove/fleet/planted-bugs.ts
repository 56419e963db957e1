import { decodeRecord, encodeRecord } from "../../../src/durable/record-codec.ts";
import type {
  Bucket,
  Entry,
  Outcome,
  QueueEntry,
  Stream,
  Transport,
} from "../../../src/transport/transport.ts";

/** Faults of a runtime that looks sound as long as nothing is killed. Planted to see whether a run finds them. */
export const plantedBugs = {
  ackFirst: "a message is acknowledged before what it causes is committed",
  noFencing: "a record is written whoever has written it meanwhile",
  marksBehind: "a new owner does not know of the last message of each sender that it was worked on",
  forgetsOutbox: "a new owner does not send what was committed and not yet sent",
  timersAnew: "a new owner begins timers anew",
  freshKeys: "a call that is made again has another key",
} as const;

export type PlantedBug = keyof typeof plantedBugs;

/** The transport with a bug in what passes through it. Those that are not of the transport's kind leave it as it is. */
export function withBug(transport: Transport, bug: PlantedBug | undefined): Transport {
  const { store } = transport;
  return overlaid(transport, {
    store: overlaid(store, {
      bucket: async (name, limits) => {
        const opened = await store.bucket(name, limits);
        return name.endsWith("_agents") ? changed(opened, (bucket) => bucketWith(bucket, bug)) : opened;
      },
      stream: async (name, options) =>
        changed(await store.stream(name, options), (stream) =>
          bug === "ackFirst" ? ackingFirst(stream) : stream,
        ),
    }),
  });
}

function bucketWith(bucket: Bucket, bug: PlantedBug | undefined): Bucket {
  switch (bug) {
    case "noFencing":
      return overlaid(bucket, { update: (key, value) => bucket.put(key, value) });
    case "marksBehind":
      return overlaid(bucket, { get: async (key) => changed(await bucket.get(key), read(behind)) });
    case "forgetsOutbox":
      return overlaid(bucket, { get: async (key) => changed(await bucket.get(key), read(unsentForgotten)) });
    default:
      return bucket;
  }
}

type AgentRecord = ReturnType<typeof decodeRecord>["record"];

/** An entry whose record is read as another than it is. */
function read(change: (record: AgentRecord) => AgentRecord): (entry: Entry | undefined) => Entry | undefined {
  return (entry) => {
    if (entry?.value === undefined || entry.value.length === 0) return entry;
    const { head, record } = decodeRecord(entry.value);
    return { ...entry, value: encodeRecord(change(record), head.writtenAtMs) };
  };
}

function behind(record: AgentRecord): AgentRecord {
  const heads = Object.entries(record.received.heads).map(([from, head]) => [
    from,
    { ...head, seq: head.seq - 1 },
  ]);
  return { ...record, received: { ...record.received, heads: Object.fromEntries(heads) } };
}

function unsentForgotten(record: AgentRecord): AgentRecord {
  return { ...record, outbox: { ...record.outbox, entries: [] } };
}

function ackingFirst(stream: Stream): Stream {
  return overlaid(stream, {
    consume: (options, handler) =>
      stream.consume(options, (entry: QueueEntry) => {
        entry.acknowledge();
        handler(entry);
      }),
  });
}

function changed<T>(outcome: Outcome<T>, change: (value: T) => T): Outcome<T> {
  return outcome.kind === "ok" ? { ...outcome, value: change(outcome.value) } : outcome;
}

/** The same object with some of its members replaced; its methods still find what it keeps to itself. */
function overlaid<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get: (of, name) => {
      if (name in members) return members[name as keyof T];
      const member: unknown = Reflect.get(of, name, of);
      return typeof member === "function" ? member.bind(of) : member;
    },
  });
}
