import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address, budget } from "./authority.ts";

/** Names a grant in its tree. */
export const grantId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected an id of A-Z a-z 0-9 _ -");

/** What may be asked of whom, with which tools, at what cost, until when. A child is never wider than its parent. */
export const grantTerms = z.object({
  /** Who may use it. */
  holder: address,
  /** Of whom it may ask: these, and all below them. */
  audience: z.array(address).max(64),
  /** What it may ask: `protocol.type`, or `protocol.*`. */
  operations: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,64}\.(?:\*|[a-z][A-Za-z0-9]{0,63})$/, "expected protocol.type"))
    .max(64),
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
    /** Without a parent: the root grant, once; told twice, it is the first one again. Wider than its parent, too deep, of one that is over, or with more to say than a token holds: REFUSED, with what was wrong. */
    issue: question(
      z.object({
        id: grantId,
        parent: grantId.optional(),
        /** Of a child: its parent's holder, or somebody its parent may ask. */
        by: address,
        terms: grantTerms,
        /** The trust zone its holder speaks from; default the parent's, of a root that of the node that signs it. */
        zone: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,64}$/, "expected a zone")
          .optional(),
      }),
      /** The token to send with messages: signed; readable by anybody. */
      z.object({ token: z.string() }),
    ),
    /** Whether it stands now, and what is left of its budget. */
    check: question(
      z.object({ id: z.string() }),
      z.object({ stands: z.boolean(), reason: z.string(), terms: grantTerms.optional(), left: budget }),
    ),
    /** Takes from the budget before a call, from the grant and all above it. REFUSED where any has too little left, or is over. Told twice before it is settled, it is taken once. */
    spend: question(
      z.object({ id: grantId, reservation: z.string().min(1).max(256), at: budget }),
      z.object({ left: budget }),
    ),
    /** What the call came to, never more than was reserved; the rest is given back. Told twice, the first counts. What is never settled stays taken. */
    settle: z.object({ reservation: z.string().min(1).max(256), came: budget }),
    /** The grant and all below it end at once. */
    revoke: z.object({ id: z.string(), reason: z.string().max(1_000) }),
  },
  emits: { revoked: z.object({ ids: z.array(z.string()), reason: z.string() }) },
});
