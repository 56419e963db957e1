import { isCoxswainError, type ReplyOf, supervision } from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import type { Surveyed, SurveyOptions } from "./survey.ts";

/** What a supervisor says of itself and its children; `silent` with the reason where it says nothing. */
export type Oversight = ReplyOf<typeof supervision, "whichChildren"> | { readonly silent: string };

/** Supervisors that are asked at a time. */
const askedMax = 32;

function isSupervisor({ protocol }: { readonly protocol: string }): boolean {
  const [major] = supervision.tag.split(".");
  return protocol.startsWith(`${major}.`);
}

/** Asks every supervisor that was found for its children, at most `limit` each. By address. */
export async function oversee(
  client: Pick<SystemClient, "ref">,
  nodes: readonly Surveyed[],
  { limit, withinMs }: Pick<SurveyOptions, "limit" | "withinMs">,
): Promise<ReadonlyMap<string, Oversight>> {
  const found = nodes
    .flatMap(({ answer }) => ("silent" in answer ? [] : answer.actors.filter(isSupervisor)))
    .map(({ address }) => address);
  const overseen = new Map<string, Oversight>();
  const asked = { type: "whichChildren", limit: limit } as const;
  const work = found.values();
  const askInTurn = async (): Promise<void> => {
    for (const address of work) {
      const answer = client.ref(address, supervision).ask(asked, { withinMs });
      overseen.set(address, await answer.catch((error) => ({ silent: wordOf(error) })));
    }
  };
  await Promise.all(Array.from({ length: Math.min(askedMax, found.length) }, askInTurn));
  return overseen;
}

function wordOf(error: unknown): string {
  return isCoxswainError(error) ? error.code : String(error);
}
