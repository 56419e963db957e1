import { z } from "zod";
import { type ActorAddress, actorAddress } from "./address.ts";
import { defineProtocol, question } from "./protocol.ts";

/** One living actor, as a node describes it. */
export const actorInfo = z.object({
  address: z.string(),
  protocol: z.string(),
  /** The machine's state value; "active" for a reducer. */
  state: z.unknown(),
  waiting: z.number(),
  postponed: z.number(),
  handled: z.number(),
  /** Age of the oldest waiting message in milliseconds. */
  oldestMs: z.number().optional(),
});
export type ActorInfo = z.infer<typeof actorInfo>;

export const nodeInfo = z.object({
  node: z.string(),
  /** New at each start. */
  incarnation: z.string(),
  zone: z.string(),
  pid: z.number(),
  host: z.string(),
  startedAtMs: z.number(),
  actors: z.number(),
  counts: z.record(z.string(), z.number()),
  heapBytes: z.number(),
});
export type NodeInfo = z.infer<typeof nodeInfo>;

/** What the command line and a dashboard ask a node. Each node answers at the address {@link nodeAddress}. */
export const control = defineProtocol({
  name: "control",
  version: "1.0",
  accepts: {
    describe: question(z.object({}), nodeInfo),
    /** Actors whose address begins with `under`, in order of address; at most `limit`, with how many there are. */
    list: question(
      z.object({ under: z.string().default(""), limit: z.number().int().min(1).max(10_000).default(1_000) }),
      z.object({ actors: z.array(actorInfo), total: z.number() }),
    ),
  },
});

/** Where a node's own actor lives. The prefix `node-` is reserved. */
export function nodeAddress(node: string): ActorAddress {
  return actorAddress(`node-${node}`);
}
