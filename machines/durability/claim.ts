import { type Write, writeOf } from "./commit.ts";
import type { DurableRecord, Stored } from "./record.ts";

/**
 * R1: taking an actor over is a write of the record itself, with the next epoch. It moves the revision, so
 * whatever the owner before still has under way fails: the store's compare-and-set is the fence. A lease under
 * another key would be none.
 *
 * R8: to be done for an actor's first message or due timer, not for all actors of a lost node at once.
 * R9: also a closed record is claimed, never created anew.
 *
 * @param found the record, or what it shall be where the key is missing (`unborn`).
 */
export function claimOf<State, Message>(
  found: Stored<State, Message> | DurableRecord<State, Message>,
  owner: string,
  nonce: string,
): Write<State, Message> {
  const { record, revision } = "revision" in found ? found : { record: found, revision: 0 };
  return writeOf({ ...record, epoch: record.epoch + 1, owner }, revision, nonce);
}
