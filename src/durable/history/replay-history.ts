import type { ActorDefinition } from "../../actor.ts";
import type { HistoryDifference } from "./difference.ts";
import { type AgentHistory, durableDefinition } from "./history.ts";

/** What came of giving a history to a definition. */
export type HistoryReplay =
  | { readonly kind: "same"; readonly turns: number; readonly from: number }
  | {
      readonly kind: "differs";
      /** Turns that came out the same before. */
      readonly turns: number;
      readonly from: number;
      readonly difference: HistoryDifference;
    };

/**
 * Gives all turns of a history to a definition, which may be a changed one, and tells where it first does otherwise than was recorded.
 * Begins at the first turn; where that is not kept any more, at the first checkpoint.
 *
 * @throws OPTION_INVALID where nothing can be replayed; SNAPSHOT_REFUSED where the definition cannot take what is stored
 */
export async function replayHistory(
  history: AgentHistory,
  definition: ActorDefinition,
): Promise<HistoryReplay> {
  const durable = durableDefinition(definition, history.address);
  const { base: from, last } = history;
  const replay = await history.replayFrom(from, durable);
  while (replay.turn < last) {
    await replay.next();
    const { differs } = replay;
    if (differs !== undefined)
      return { kind: "differs", turns: replay.turn - from - 1, from: from + 1, difference: differs };
  }
  return { kind: "same", turns: last - from, from: from + 1 };
}
