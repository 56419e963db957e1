import { z } from "zod";
import { address, facts, resourceAmounts, resourceNames, role } from "./authority.ts";

/** The load of an agent, as its own log gives it; never anybody's word. */
export const load = z.object({
  capacity: z.number().int().nonnegative(),
  inFlight: z.number().int().nonnegative(),
  /** What those in flight hold. */
  held: resourceAmounts.default({}),
  /** Tasks per second it ends, exponentially weighted; 0 before the first. */
  throughput: z.number().nonnegative().default(0),
  /** How long the oldest in flight has been so, in milliseconds; 0 without one. */
  oldestMs: z.number().nonnegative().default(0),
});
export type Load = z.infer<typeof load>;

/** Another agent that could do it. */
export const alternative = z.object({
  address,
  /** Places it has left. */
  free: z.number().int(),
  /** How well its skills fit, from 0 to 1. */
  fit: z.number(),
});
export type Alternative = z.infer<typeof alternative>;

/**
 * All that a decision depends on besides the request: looked up and measured once, and kept in the audit, so that the
 * decision can be made again from it, byte for byte.
 */
export const situation = z.object({
  atMs: z.number(),
  /** Of the rule set in force: its version, and its content's hash. */
  rules: z.object({ version: z.number().int().nonnegative(), hash: z.string() }),
  /** Undefined for somebody the roster does not know. */
  from: role.optional(),
  to: role.optional(),
  /** Of the target. */
  load,
  /** What was measured of the target and the task: overrules the claims. */
  measured: facts.default({}),
  /** Those with room and authority, best first. */
  alternatives: z.array(alternative).default([]),
});
export type Situation = z.infer<typeof situation>;

/** The delegationChecks, in their order. */
export const delegationChecks = [
  "authority",
  "rule",
  "capacity",
  "limits",
  "governance",
  "approval",
] as const;
export type Check = (typeof delegationChecks)[number];

const accepted = z.object({
  ok: z.literal(true),
  rule: z.string(),
  rulesVersion: z.number().int(),
  workloadImpact: z.object({
    before: z.number(),
    after: z.number(),
    capacity: z.number(),
    /** After, over capacity. */
    utilisation: z.number(),
  }),
  /** Each governance check that was made, and what it found. */
  governance: z.array(z.object({ check: z.string(), found: z.string() })),
  /** Nothing is assigned before the gate of that id has approved it. */
  approval: z.object({ required: z.boolean(), id: z.string().optional() }),
  monitoringRequired: z.boolean(),
  qualityValidationRequired: z.boolean(),
  /** The rule's: what all that the target holds may come to with this task; `time`: how long the task may take. */
  limits: resourceAmounts,
});

const refused = z.object({
  ok: z.literal(false),
  check: z.enum(delegationChecks),
  /** One line: what was asked, which condition failed, and what would have held. */
  reason: z.string(),
  requiresEscalation: z.boolean(),
  /** Who is to be asked, lowest first; empty where none is. */
  escalationPath: z.array(z.string()),
  /** For want of capacity alone. */
  alternatives: z.array(alternative),
  /** Of limits: each that was broken. */
  violations: z.array(
    z.object({
      resource: z.enum(resourceNames),
      requested: z.number(),
      remaining: z.number(),
      unit: z.string(),
    }),
  ),
  /** Of rules: those that came nearest, and what kept each from applying. */
  nearest: z.array(z.object({ rule: z.string(), failed: z.string() })),
});

/** Whether a task may be delegated. What only an accepted one has can be read only after asking `ok`. */
export const decision = z.discriminatedUnion("ok", [accepted, refused]);
export type Decision = z.infer<typeof decision>;
export type Accepted = z.infer<typeof accepted>;
export type Refused = z.infer<typeof refused>;
