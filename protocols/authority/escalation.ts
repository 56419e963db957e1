import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address } from "./authority.ts";

/** A level of a ladder: a token, since it names a desk. */
const level = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected a name like chief_data_officer");

/** What climbs a ladder. */
export const raised = z.object({
  /** What it is about, such as a delegation's id. */
  subject: z.string().max(200),
  reason: z.string().max(1_000),
  /** What it has in common with others, such as the check and the rule: notices of one cause are told together. */
  cause: z.string().max(200).default(""),
  /** Who is asked, in order. The operator is asked last, and need not be named. */
  path: z.array(level).max(16),
  /** How long each level has, in milliseconds. */
  waitMs: z.number().int().positive().default(900_000),
  /** Who is told how it ended: an actor that speaks `delegation`. */
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

/** What waits for somebody on a ladder, `escalationDesk.<level>`: a durable agent. */
export const desk = defineProtocol({
  name: "desk",
  version: "1.0",
  accepts: {
    /** A ladder asks. Asked again, the first counts. */
    ask: z.object({
      from: address,
      subject: z.string().max(200),
      cause: z.string().max(200),
      level: z.number().int().positive(),
      reason: z.string().max(1_000),
      untilMs: z.number(),
    }),
    /** It asks no more. */
    withdraw: z.object({ from: address }),
    waiting: question(
      z.object({}),
      z.object({
        asks: z.array(
          z.object({
            from: z.string(),
            subject: z.string(),
            cause: z.string(),
            level: z.number(),
            reason: z.string(),
            untilMs: z.number(),
          }),
        ),
        /** Those beyond what a desk holds: their ladders go on all the same. */
        more: z.number(),
      }),
    ),
  },
  emits: {
    /** At most one a second for each cause, however many ask: `count` since the last. */
    noticed: z.object({ cause: z.string(), count: z.number(), subjects: z.array(z.string()) }),
  },
});
