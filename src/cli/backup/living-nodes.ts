import type { SystemClient } from "../../client.ts";
import { survey } from "../survey.ts";

/** The nodes that live: each that is registered and at whose place somebody listens, though it may not answer. */
export async function livingNodes(client: SystemClient): Promise<readonly string[]> {
  const nodes = await survey(client, { under: "", limit: 1, withinMs: 2_000 });
  return nodes
    .filter(({ answer }) => !("silent" in answer) || answer.silent !== "UNREACHABLE")
    .map(({ node }) => node);
}
