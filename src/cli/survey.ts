import {
  type ActorInfo,
  control,
  isCoxswainError,
  type NodeInfo,
  nodeAddress,
} from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import type { NodeRecord } from "../registry.ts";

/** A node, and what it answered; `silent` with the reason where it did not. */
export type Surveyed = NodeRecord & {
  readonly answer:
    | {
        readonly info: NodeInfo;
        /** In order of address; without the node's own actor. */
        readonly actors: readonly ActorInfo[];
        /** How many there are, where `actors` was cut. */
        readonly total: number;
      }
    | { readonly silent: string };
};

export interface SurveyOptions {
  /** Only this address and those below it. */
  readonly under: string;
  /** Actors of one node. */
  readonly limit: number;
  readonly withinMs: number;
}

/** Asks every registered node what lives on it, all at once. In order of name. */
export async function survey(client: SystemClient, options: SurveyOptions): Promise<readonly Surveyed[]> {
  const records = [...(await client.nodes())].sort((a, b) => (a.node < b.node ? -1 : 1));
  return Promise.all(
    records.map(async (record) => ({ ...record, answer: await answerOf(client, record, options) })),
  );
}

async function answerOf(
  client: SystemClient,
  { node }: NodeRecord,
  { under, limit, withinMs }: SurveyOptions,
): Promise<Surveyed["answer"]> {
  const ref = client.ref(nodeAddress(node), control);
  try {
    const [info, list] = await Promise.all([
      ref.ask({ type: "describe" }, { withinMs }),
      ref.ask({ type: "list", under, limit: limit + 1 }, { withinMs }),
    ]);
    const own = list.actors.filter(({ address }) => address === ref.address).length;
    // The node's own actor is an actor like others, but nobody asked for it.
    const actors = list.actors.filter(({ address }) => address !== ref.address).slice(0, limit);
    const hidden = own > 0 || under === "" ? 1 : 0;
    return { info: { ...info, actors: info.actors - 1 }, actors, total: list.total - hidden };
  } catch (error) {
    return { silent: isCoxswainError(error) ? error.code : String(error) };
  }
}
