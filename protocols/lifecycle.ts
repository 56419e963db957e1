import { z } from "zod";
import { type ActorAddress, isActorAddress, type MessageId } from "./address.ts";
import { envelopeForms } from "./envelope.ts";
import { defineProtocol, type Protocol } from "./protocol.ts";

const address = z.custom<ActorAddress>(isActorAddress, "expected an actor address");
const messageId = z.custom<MessageId>(envelopeForms.id, "expected a message id");

/** A failure as it travels: no stack, no cause. Codes of a newer peer stay plain strings. */
export const wireError = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The facts of an actor's life, on `cx.<system>.ev.<address>.<type>` beside what it emits itself. A protocol
 * made by `defineProtocol` cannot emit these types, so a subscriber knows a fact by its subject alone.
 */
export const lifecycle = Object.freeze({
  name: "lifecycle",
  version: "1.0",
  accepts: Object.freeze({}),
  emits: Object.freeze({
    started: z.object({ address, protocol: z.string(), node: z.string() }),
    /** Ended without a failure: by its final state, on request, or because its name or node is no longer its own. */
    stopped: z.object({
      kind: z.enum(["done", "stopped", "killed", "lost"]),
      output: z.unknown().optional(),
      reason: z.string().optional(),
    }),
    failed: z.object({ error: wireError, messageId: messageId.optional() }),
    /** A durable agent has come into memory: `epoch` counts its owners. */
    activated: z.object({ node: z.string(), epoch: z.number() }),
    /** A message that ended its process too often was put down. */
    quarantined: z.object({ messageId: messageId.optional(), attempts: z.number(), reason: z.string() }),
    /** The machine's new state value, and the one before. Only where the system publishes such facts. */
    changed: z.object({ value: z.json(), from: z.json().optional() }),
    refused: z.object({
      messageId,
      type: z.string(),
      code: z.string(),
      message: z.string(),
      sender: address.optional(),
    }),
  }),
  tag: "lifecycle@1.0",
  toJSON: () => "lifecycle@1.0",
}) satisfies Protocol;

/** The facts of a node, which its own actor emits. */
export const nodeLifecycle = defineProtocol({
  name: "nodeLifecycle",
  accepts: {},
  emits: {
    nodeUp: z.object({ node: z.string() }),
    /** `left`: it said so; `lost`: it was silent for too long. */
    nodeDown: z.object({ node: z.string(), reason: z.enum(["left", "lost"]) }),
    /** An actor that nobody supervises ended unasked, and not because it was done: `drain` closes this node, `continue` goes on. */
    escalated: z.object({
      address,
      kind: z.enum(["failed", "killed", "stopped"]),
      reason: z.string(),
      decision: z.enum(["drain", "continue"]),
    }),
  },
});

/**
 * How an actor ended, as `watch` tells it once. `lost`: its node is gone, or nobody lives there; what it
 * did before that is unknown.
 */
export const actorOutcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), output: z.unknown().optional() }),
  z.object({ kind: z.literal("stopped"), reason: z.string().optional() }),
  z.object({ kind: z.literal("failed"), error: wireError }),
  /** At a limit, or without being asked to end in good order. What it did last may be half done. */
  z.object({ kind: z.literal("killed"), reason: z.string().optional() }),
  z.object({ kind: z.literal("lost"), node: z.string().optional(), reason: z.string().optional() }),
]);
export type ActorOutcome = z.infer<typeof actorOutcome>;

const agent = { agent: address, messageId: messageId.optional() };

/**
 * What the supervisor that a durable type names is told of its agents. They go on by themselves, so it only decides what else is to be
 * done. Not told: what such a message itself has done to its receiver.
 */
export const trouble = defineProtocol({
  name: "trouble",
  version: "1.0",
  accepts: {
    /** Its code threw at something, which was put down; it goes on from its last turn. */
    agentFailed: z.object({ ...agent, error: wireError }),
    /** A message that ended its process too often was put down. */
    agentQuarantined: z.object({ ...agent, attempts: z.number(), reason: z.string() }),
    /** A node cannot take it up: it waits for one that can. Said whenever one has tried. */
    agentRefused: z.object({ agent: address, node: z.string(), reason: z.string() }),
  },
});
