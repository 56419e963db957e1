import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address } from "./authority.ts";

export const approvalRequest = z.object({
  /** What is to be approved, in a line for people. */
  summary: z.string().max(1_000),
  /** The hash of exactly what is approved: a decision that names another is refused. */
  hash: z.string().max(128),
  /** Who may decide; empty: whoever reaches it. */
  deciders: z.array(z.string().max(200)).max(64).default([]),
  /** How long it waits, in milliseconds. */
  withinMs: z.number().int().positive(),
  /** What holds when nobody decided. */
  otherwise: z.enum(["approve", "refuse"]).default("refuse"),
  /** Who is told: an actor that speaks `delegation`. */
  reportTo: address.optional(),
});

export const approvalState = z.enum(["unopened", "open", "approved", "refused"]);

/** A gate, `approval.<id>`: a durable agent. One id, one decision. */
export const approval = defineProtocol({
  name: "approval",
  version: "1.0",
  accepts: {
    /** Told twice, the first counts. */
    open: approvalRequest,
    /** `conflict`: somebody, or the deadline, has decided before; its decision is given. */
    decide: question(
      z.object({
        approve: z.boolean(),
        by: z.string().min(1).max(200),
        hash: z.string().max(128),
        reason: z.string().max(1_000).default(""),
      }),
      z.object({
        outcome: z.enum(["decided", "conflict"]),
        state: approvalState,
        by: z.string(),
        reason: z.string(),
      }),
    ),
    status: question(
      z.object({}),
      z.object({
        state: approvalState,
        summary: z.string(),
        hash: z.string(),
        untilMs: z.number(),
        by: z.string(),
        reason: z.string(),
      }),
    ),
  },
  emits: {
    approvalWanted: z.object({ summary: z.string(), hash: z.string(), untilMs: z.number() }),
    approvalDecided: z.object({ approved: z.boolean(), by: z.string(), reason: z.string() }),
  },
});
