import { z } from "zod";
import { type ActorAddress, actorAddress } from "./address.ts";
import { auditNote } from "./authority/audit.ts";
import { address, role } from "./authority/authority.ts";
import { wireError } from "./lifecycle.ts";
import { defineProtocol, question } from "./protocol.ts";

/** One living actor, as a node describes it. */
export const actorInfo = z.object({
  address: z.string(),
  /** Names this life of the address; new at each start. */
  activation: z.string(),
  protocol: z.string(),
  /** The machine's state value; "active" for a reducer. */
  state: z.unknown(),
  waiting: z.number(),
  postponed: z.number(),
  handled: z.number(),
  /** Who started it, and ends it: mostly a supervisor. */
  owner: z.string().optional(),
  /** It is a durable agent in the node's memory. */
  durable: z.boolean().optional(),
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
  /** Durable ones in its memory. */
  agents: z.number().optional(),
  counts: z.record(z.string(), z.number()),
  heapBytes: z.number(),
});
export type NodeInfo = z.infer<typeof nodeInfo>;

/** What became of a start on another node. */
export const startReply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("up"), activation: z.string(), info: z.unknown().optional() }),
  z.object({ kind: z.literal("ignored") }),
  z.object({ kind: z.literal("failed"), error: wireError }),
]);
export type StartReply = z.infer<typeof startReply>;

/** What became of a note. */
export const auditReply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("kept"), sequence: z.number() }),
  z.object({ kind: z.literal("failed"), error: wireError }),
]);
export type AuditReply = z.infer<typeof auditReply>;

/** What an actor may do, and the node it lives on. */
export const rosterEntry = z.object({ address, node: z.string(), role });

/** What the command line, a dashboard and supervisors of other nodes ask a node. Each node answers at the address {@link nodeAddress}. */
export const control = defineProtocol({
  name: "control",
  version: "1.0",
  accepts: {
    describe: question(z.object({}), nodeInfo),
    /** Actors, durable ones too, whose address begins with `under`, in order of address, from behind `after` on; at most `limit`, with how many there are. */
    list: question(
      z.object({
        under: z.string().default(""),
        after: z.string().default(""),
        limit: z.number().int().min(1).max(2_600).default(1_000),
      }),
      z.object({ actors: z.array(actorInfo), total: z.number() }),
    ),
    /** Starts an actor of the node's catalogue; it ends with its owner. Answers when it is up. */
    start: question(
      z.object({
        address: z.string(),
        actor: z.string().max(128),
        input: z.unknown().optional(),
        owner: z.object({ address: z.string(), activation: z.string().max(128) }).optional(),
        startWithinMs: z.number().positive().optional(),
      }),
      startReply,
    ),
    /** Keeps a note in the audit, in the asker's name. */
    audit: question(auditNote, auditReply),
    /**
     * Who may do what, as the node has heard: in order of address, from behind `after` on, at most `limit`, with how many there are.
     * With `address`, the one there; a durable agent without an entry of its own has its type's.
     */
    roster: question(
      z.object({
        address: address.optional(),
        authority: z.string().max(64).optional(),
        skill: z.string().max(64).optional(),
        after: z.string().default(""),
        limit: z.number().int().min(1).max(1_000).default(200),
      }),
      z.object({ entries: z.array(rosterEntry), total: z.number() }),
    ),
  },
});

/** Where a node's own actor lives. The prefix `node-` is reserved. */
export function nodeAddress(node: string): ActorAddress {
  return actorAddress(`node-${node}`);
}
