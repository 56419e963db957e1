import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address, budget } from "./authority.ts";

/** What may be asked of whom, with which tools, at what cost, until when. A child is never wider than its parent. */
export const grantTerms = z.object({
  /** Who may use it. */
  holder: address,
  /** Of whom it may ask. */
  audience: z.array(address).max(64),
  /** What it may ask: `protocol.type`. */
  operations: z.array(z.string().max(130)).max(64),
  tools: z.array(z.string().max(64)).max(64).default([]),
  budget: budget.default({}),
  /** How often it may be delegated further; 0: not at all. */
  depth: z.number().int().min(0).max(8).default(0),
  /** Epoch milliseconds. */
  untilMs: z.number(),
});
export type GrantTerms = z.infer<typeof grantTerms>;

/** The book of a tree of grants, `grants.<root>`: a durable agent. All below one root is given, spent and revoked there, one at a time. */
export const grants = defineProtocol({
  name: "grants",
  version: "1.0",
  accepts: {
    /** Without a parent: the root grant, once. Wider than its parent, too deep, or of one that is over: REFUSED, with what was wrong. */
    issue: question(
      z.object({
        id: z.string().max(64),
        parent: z.string().max(64).optional(),
        by: address,
        terms: grantTerms,
      }),
      /** The token to send with messages: signed; readable by anybody. */
      z.object({ token: z.string() }),
    ),
    /** Whether it stands now, and what is left of its budget. */
    check: question(
      z.object({ id: z.string() }),
      z.object({ stands: z.boolean(), reason: z.string(), terms: grantTerms.optional(), left: budget }),
    ),
    /** Takes from the budget before a call, from the grant and all above it. REFUSED where any has too little left. */
    spend: question(
      z.object({ id: z.string(), reservation: z.string().max(128), at: budget }),
      z.object({ left: budget }),
    ),
    /** What the call came to, never more than was reserved; the rest is given back. */
    settle: z.object({ reservation: z.string(), came: budget }),
    /** The grant and all below it end at once. */
    revoke: z.object({ id: z.string(), reason: z.string().max(1_000) }),
  },
  emits: { revoked: z.object({ ids: z.array(z.string()), reason: z.string() }) },
});
