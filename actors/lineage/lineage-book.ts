import { actorAddress, lineage, type ToolRun } from "../../protocols/index.ts";
import { type ActorDefinition, type ActorSystem, defineActor } from "../../src/index.ts";

interface Book {
  readonly runs: readonly { readonly run: ToolRun; readonly bytes: number }[];
  readonly dropped: number;
}

/** A record holds less than a mebibyte, and so does an answer. */
const bytesMax = 512 * 1_024;
const pageMaxBytes = 256 * 1_024;

/** Lineages, `lineage.<pipeline>`: a node that hosts them has `actors: { lineage: lineageBook }`. A book that is full drops its oldest runs. */
export const lineageBook: ActorDefinition<typeof lineage> = defineActor({
  protocol: lineage,
  initial: (): Book => ({ runs: [], dropped: 0 }),
  receive: (book: Book, message, turn) => {
    if (message.type === "runs") {
      // Runs are counted from the first there ever was: what is dropped between two pages moves none.
      const from = Math.max(0, message.from - book.dropped);
      const page = upTo(book.runs.slice(from), pageMaxBytes);
      const [next, all] = [book.dropped + from + page.length, book.dropped + book.runs.length];
      turn.reply({ runs: page.map(({ run }) => run), next, more: next < all, dropped: book.dropped });
      return book;
    }
    const { id, agent, tool, startedAtMs, endedAtMs, inputs, outputs, error } = message;
    if (book.runs.some(({ run }) => run.id === id)) return book;
    const failed = error === undefined ? {} : { error };
    const run: ToolRun = { id, agent, tool, startedAtMs, endedAtMs, inputs, outputs, ...failed };
    turn.emit({ type: "recorded", ...run });
    const runs = [...book.runs, { run, bytes: JSON.stringify(run).length }];
    const kept = upTo(runs.toReversed(), bytesMax).toReversed();
    return { runs: kept, dropped: book.dropped + runs.length - kept.length };
  },
  durability: "durable",
});

/** The first ones that together are not larger; one at least. */
function upTo(runs: Book["runs"], limitBytes: number): Book["runs"] {
  let sum = 0;
  const fits = runs.findIndex(({ bytes }, n) => {
    sum += bytes;
    return sum > limitBytes && n > 0;
  });
  return fits < 0 ? runs : runs.slice(0, fits);
}

/** The runs of a pipeline that its book holds, the oldest first. Rejects as `ask` does. */
export async function recordedRuns(system: ActorSystem, pipeline: string): Promise<readonly ToolRun[]> {
  const book = system.ref(actorAddress(`lineage.${pipeline}`), lineage);
  const found: ToolRun[] = [];
  for (let from = 0; ; ) {
    const { runs, next, more } = await book.ask({ type: "runs", from });
    found.push(...runs);
    if (!more) return found;
    from = next;
  }
}
