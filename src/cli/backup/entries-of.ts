import { decodeValue } from "../../../protocols/index.ts";
import { deadLetterStream } from "../../dead-letters.ts";
import { historyKey, historyStream } from "../../durable/history/history-stream.ts";
import { type DurableStore, storedRecords } from "../../durable/inspection/index.ts";
import { valueOrThrow } from "../../transport/outcomes.ts";
import type { Store, Stream, StreamEntry } from "../../transport/transport.ts";
import type { Entry, Header, Kind } from "./format.ts";

type Histories = Header["histories"];

/** Entries of a stream in memory at a time: each may have a mebibyte. */
const pageMax = 64;
/** Of the placement, what belongs to the system and not to its nodes. */
const keptPlacement = /^(?:config$|type\.|outline\.|history\.|shard\.)/;

/** Types that keep histories, with how many entries for each agent. @throws STORE_FAILED */
export async function historiesOf({ hosts }: DurableStore): Promise<Histories> {
  const under = historyKey("").replace(/\.$/, "");
  const entries = valueOrThrow(await hosts.entries(under));
  return Object.fromEntries(
    entries.flatMap(({ key, value }): [string, number][] => {
      if (value === undefined) return [];
      const { historyMax } = decodeValue(value) as { readonly historyMax: number };
      return [[key.slice(under.length + 1), historyMax]];
    }),
  );
}

/** All that a system's durable state is, page by page. @throws STORE_FAILED */
export async function* entriesOf(
  store: Store,
  durable: DurableStore,
  histories: Histories,
): AsyncGenerator<Entry> {
  const { system, box, hosts } = durable;
  const letters = deadLetterStream(system);
  const deadLetters = valueOrThrow(await store.stream(letters.name, letters.options));
  // First the inboxes: what is worked on meanwhile is in both, and later told by its record to have been.
  for await (const entry of entriesIn(box)) yield entryOf("message", entry);
  for await (const { key, value } of storedRecords(durable))
    yield { kind: "record", name: key, bytes: value };
  for (const [type, historyMax] of Object.entries(histories)) {
    const { name, options } = historyStream(system, type, historyMax);
    const history = valueOrThrow(await store.stream(name, options));
    for await (const entry of entriesIn(history)) yield entryOf("history", entry);
  }
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
