import { z } from "zod";
import { defineProtocol } from "../protocol.ts";

const hash = z.string().max(64);

/** What is to be kept of one decision, or of anything that changes who may do what. */
export const auditNote = z.object({
  /** Names it: one that is kept twice, after a crash, counts once. Such as a delegation's id and what happened to it. */
  id: z.string().min(1).max(200),
  /** What happened, one word: `decided`, `gate`, `assigned`, `ladder`, `ended`, `granted`, `revoked`, `denied`, `rules`. */
  kind: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected one word"),
  /** What it is about, such as a delegation's id. */
  subject: z.string().min(1).max(200),
  /** On whose behalf it is noted, where that is not the one who notes it. */
  by: z.string().max(200).optional(),
  /** All that the outcome depends on. Plain data; what is no JSON is lost. */
  inputs: z.unknown(),
  /** The rule set that was in force. */
  rules: z.object({ version: z.number().int().nonnegative(), hash }).optional(),
  outcome: z.unknown(),
});
export type AuditNote = z.infer<typeof auditNote>;

/** A note as it is stored: a JSON object on `cx.<system>.audit.<zone>.<kind>.<subject>`. */
export const auditRecord = auditNote.extend({
  /** Which of the stream it is, from 1. */
  number: z.number().int().positive(),
  atMs: z.number(),
  /** The address of whoever noted it; empty for a script. */
  actor: z.string(),
  /** The trust zone of the node that wrote it. */
  zone: z.string(),
  /** SHA-256 of the one before, as it is stored; empty for the first. */
  previous: hash,
  /** SHA-256 of this one, without this field. */
  hash,
});
export type AuditRecord = z.infer<typeof auditRecord>;

/** Who keeps notes for others: a durable agent, so that what was told in a turn that was committed is kept, whoever dies. */
export const auditor = defineProtocol({
  name: "auditor",
  version: "1.0",
  accepts: { note: auditNote },
  emits: {
    /** One that never can be kept, such as one that is too large. */
    unkept: z.object({ id: z.string(), reason: z.string() }),
  },
});
