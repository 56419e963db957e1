import { deadLetterStream } from "../../dead-letters.ts";
import { type DurableStore, storedRecords } from "../../durable/inspection/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Store, Stream, StreamEntry } from "../../transport/transport.ts";
import type { Entry, Kind } from "./format.ts";

/** Entries of a stream in memory at a time: each may have a mebibyte. */
const pageMax = 64;
/** Of the placement, what belongs to the system and not to its nodes. */
const keptPlacement = /^(?:config$|type\.|outline\.|shard\.)/;

/** All that a system's durable state is, page by page. @throws STORE_FAILED */
export async function* entriesOf(store: Store, durable: DurableStore): AsyncGenerator<Entry> {
  const { system, box, hosts } = durable;
  const letters = deadLetterStream(system);
  const deadLetters = valueOrThrow(await store.stream(letters.name, letters.options));
  // First the inboxes: what is worked on meanwhile is in both, and later told by its record to have been.
  for await (const entry of entriesIn(box)) yield entryOf("message", entry);
  for await (const { key, value } of storedRecords(durable))
    yield { kind: "record", name: key, bytes: value };
  for await (const entry of entriesIn(deadLetters)) yield entryOf("letter", entry);
  for (const { key, value } of valueOrThrow(await hosts.entries())) {
    if (value !== undefined && keptPlacement.test(key)) yield { kind: "placement", name: key, bytes: value };
  }
}

function entryOf(kind: Kind, { subject, payload }: StreamEntry): Entry {
  return { kind, name: subject, bytes: payload };
}

async function* entriesIn(stream: Stream): AsyncGenerator<StreamEntry> {
  for (let fromSequence = 1; ; ) {
    const page: readonly StreamEntry[] = valueOrThrow(await stream.read({ fromSequence, limit: pageMax }));
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    fromSequence = last.sequence + 1;
  }
}
