import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { fact, resourceAmounts } from "./authority.ts";

/** On one line: what a refusal says quotes it. */
const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\u2028\u2029]+$/u, "expected one line");
const names = z.array(name).max(64);

/** A level of authority: where it stands among the others, and what it may do. */
export const authorityLevel = z.strictObject({
  /** The levels it stands directly above; what those may, it may too. */
  over: names.default([]),
  /** Operations, by their names in `operations`. */
  may: names.default([]),
});
export type AuthorityLevel = z.infer<typeof authorityLevel>;

/** Who may delegate which tasks to whom, on what conditions, within which limits. */
export const delegationRule = z.strictObject({
  name,
  /** Exactly this level delegates … */
  from: name,
  /** … to exactly this one, which is no higher. */
  to: name,
  /** Task types; "*": any. */
  tasks: z.array(name).min(1).max(256),
  /** By the name of a fact: what it must be, such as `">= 0.8"`, `"<= 24_hours"`, `true` or `"enterprise"`. All must hold. */
  conditions: z.record(name, fact).default({}),
  /** A condition in CEL over the same facts, for what the ones above cannot say. */
  cel: z.string().min(1).max(1_000).optional(),
  /** What all that the target does under the rule may hold; `time`: how long one task may take. */
  limits: resourceAmounts.default({}),
  /** Nothing is assigned before somebody has approved it. */
  approvalRequired: z.boolean().default(false),
  /** Who is asked when it may not be, lowest first. */
  escalationPath: names.default([]),
  /** False: purpose, retention and residency of a task's data are not checked; clearance and tools always are. */
  dataGovernanceRequired: z.boolean().default(true),
  qualityValidationRequired: z.boolean().default(true),
  /** The tools a task under this rule may use; unsaid: any. */
  tools: names.optional(),
});
export type DelegationRule = z.infer<typeof delegationRule>;

/** What becomes of data of one classification. Whoever works on it is cleared for that label; "public" needs no clearance. */
export const dataClass = z.strictObject({
  /** It may be used for these alone, and the purpose is named; unsaid: for anything. */
  purposes: names.optional(),
  /** How long it may be kept, in milliseconds, and how long is said; unsaid: without end. */
  retentionMaxMs: z.number().nonnegative().optional(),
  /** Where it may be worked on; unsaid: anywhere. */
  residency: names.optional(),
  /** The tools that may touch it; unsaid: any. */
  tools: names.optional(),
});
export type DataClass = z.infer<typeof dataClass>;

/**
 * A condition in CEL that data must fulfil under every rule that requires governance: over the facts, and
 * `data_classification`, `data_purpose`, `data_retention_ms`, `data_residency`, `target_level`, `target_residency`, as far as said.
 */
export const dataGate = z.strictObject({ name, cel: z.string().min(1).max(1_000) });
export type DataGate = z.infer<typeof dataGate>;

/** All that delegation is decided by, as data, in canonical units. */
export const ruleSet = z.strictObject({
  name,
  /** What `may` of a level stands for: messages, as `protocol.type`. */
  operations: z.record(name, z.array(z.string().min(1).max(130)).max(64)).default({}),
  levels: z.record(name, authorityLevel),
  rules: z.array(delegationRule).max(256),
  governance: z
    .strictObject({
      classifications: z.record(name, dataClass).default({}),
      gates: z.array(dataGate).max(64).default([]),
    })
    .default({ classifications: {}, gates: [] }),
  /** Who is asked where no rule says who. */
  escalationPath: names.default(["stage_coordinator", "pipeline_manager"]),
});
export type RuleSet = z.infer<typeof ruleSet>;

const inForce = z.object({ version: z.number().int().positive(), hash: z.string() });

/** The rule set in force, `rules.<name>`: a durable agent, whose commits make one version after the other. */
export const rules = defineProtocol({
  name: "rules",
  version: "1.0",
  accepts: {
    /**
     * Puts a rule set in force. `expected` is the version it replaces, 0 where there is none: another one in force, or
     * a rule set that does not hold, is REFUSED. Asked again after its answer was lost, it is answered alike.
     */
    replace: question(z.object({ expected: z.number().int().nonnegative(), ruleSet }), inForce),
    /** The one in force, or a former version as long as it is kept. REFUSED where there is none. */
    read: question(
      z.object({ version: z.number().int().positive().optional() }),
      inForce.extend({ ruleSet }),
    ),
  },
  emits: { replaced: inForce },
});
