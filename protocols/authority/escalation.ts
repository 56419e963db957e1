import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address } from "./authority.ts";

/** What climbs a ladder. */
export const raised = z.object({
  /** What it is about, such as a delegation's id. */
  subject: z.string().max(200),
  reason: z.string().max(1_000),
  /** Who is asked, in order. The operator is asked last, and need not be named. */
  path: z.array(z.string().min(1).max(200)).max(16),
  /** How long each level has, in milliseconds. */
  waitMs: z.number().int().positive().default(900_000),
  /** Who is told how it ended. */
  reportTo: address.optional(),
});

/** A ladder, `escalation.<id>`: a durable agent. Each level is asked once; every ladder ends. */
export const escalation = defineProtocol({
  name: "escalation",
  version: "1.0",
  accepts: {
    raise: raised,
    /** The level that is asked now decides, once: REFUSED otherwise. */
    decide: question(
      z.object({
        level: z.number().int().positive(),
        by: z.string().max(200),
        decision: z.enum(["resolve", "passOn", "fail"]),
        reason: z.string().max(1_000).default(""),
      }),
      z.object({ state: z.string() }),
    ),
    status: question(
      z.object({}),
      z.object({
        state: z.enum(["raised", "asking", "resolved", "failed"]),
        level: z.number(),
        asked: z.string(),
        reasons: z.array(z.string()),
      }),
    ),
  },
  emits: {
    asked: z.object({
      subject: z.string(),
      level: z.number(),
      of: z.string(),
      reasons: z.array(z.string()),
      untilMs: z.number(),
    }),
    settled: z.object({ subject: z.string(), state: z.enum(["resolved", "failed"]), by: z.string() }),
  },
});
