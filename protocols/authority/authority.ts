import { z } from "zod";
import { type ActorAddress, isActorAddress } from "../address.ts";

export const address = z.custom<ActorAddress>(isActorAddress, "expected an actor address");

/** What a task may need of a machine, and a rule may bound. Canonical units: cores, GB, GB, Mbit/s, milliseconds. */
export const resourceNames = ["cpu", "memory", "storage", "bandwidth", "time"] as const;
export type ResourceName = (typeof resourceNames)[number];

/** In canonical units. What is unsaid is not asked for, or not bounded. */
export const resourceAmounts = z.partialRecord(z.enum(resourceNames), z.number().nonnegative());
export type ResourceAmounts = z.infer<typeof resourceAmounts>;

/** From background work to incidents. */
export const priorities = { LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4, EMERGENCY: 5 } as const;
export type Priority = (typeof priorities)[keyof typeof priorities];

/** One value of a condition: what a caller claims, or what was measured. */
export const fact = z.union([z.string().max(1_000), z.number(), z.boolean()]);
export type Fact = z.infer<typeof fact>;
export const facts = z.record(z.string().max(64), fact);
export type Facts = z.infer<typeof facts>;

/** What may be spent under a grant. Unsaid: not bounded by it (but by its parent). */
export const budget = z.object({
  /** Milliseconds of work. */
  timeMs: z.number().nonnegative().optional(),
  tokens: z.number().int().nonnegative().optional(),
  /** In millionths of the currency the team reckons in: whole numbers add up exactly. */
  moneyMicros: z.number().int().nonnegative().optional(),
});
export type Budget = z.infer<typeof budget>;

/** What an actor may do, and what it is good at: given when it is spawned, kept in the roster under its node's lease. */
export const role = z.object({
  /** A level of the order in force, such as "PIPELINE_MANAGER". */
  authority: z.string().min(1).max(64),
  /** How good it is at what, from 0 to 1. */
  skills: z.record(z.string().max(64), z.number().min(0).max(1)).default({}),
  /** Tasks at a time. */
  capacity: z.number().int().nonnegative().max(100_000).default(10),
  /** Labels of data it is cleared for; default none but "public". */
  clearance: z.array(z.string().max(64)).max(64).default([]),
  /** Where its data stays, such as "eu". */
  residency: z.string().max(64).optional(),
});
export type Role = z.infer<typeof role>;
export type RoleInput = z.input<typeof role>;

/** What is to be delegated, by whom, to whom: always a typed operation on an address, never free text. */
export const delegationRequest = z.object({
  from: address,
  to: address,
  task: z.object({ type: z.string().min(1).max(64), payload: z.unknown() }),
  priority: z.number().int().min(1).max(5).default(priorities.MEDIUM),
  /** What the delegator says of the task. A fact that the runtime measures itself overrules a claim of that name. */
  claims: facts.default({}),
  resources: resourceAmounts.default({}),
  /** The data the task touches. */
  data: z
    .object({
      classification: z.string().max(64),
      purpose: z.string().max(64).optional(),
      retentionMs: z.number().nonnegative().optional(),
      residency: z.string().max(64).optional(),
    })
    .optional(),
  /** Tools it needs. */
  tools: z.array(z.string().max(64)).max(64).default([]),
  budget: budget.default({}),
  /** How far it may be delegated on, and to whom besides those below the target; unsaid: not at all. */
  further: z
    .object({ depth: z.number().int().min(1).max(8), to: z.array(address).max(63).default([]) })
    .optional(),
  /** Epoch milliseconds by which it must have ended. */
  deadlineMs: z.number().optional(),
  /** The grant the delegator acts under, `<root>.<id>`; absent: it acts on its own level's authority. */
  grant: z.string().max(200).optional(),
});
export type DelegationRequest = z.infer<typeof delegationRequest>;
export type DelegationRequestInput = z.input<typeof delegationRequest>;
