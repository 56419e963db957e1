import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { resourceAmounts, resourceNames } from "./authority.ts";
import { load } from "./decision.ts";

export const reservation = z.object({
  /** Names the task. A second reservation of it is the first one's again. */
  task: z.string().min(1).max(128),
  taskType: z.string().max(64),
  resources: resourceAmounts.default({}),
  /** What all that this agent holds under the rule may come to. */
  limits: resourceAmounts.default({}),
  /** The agent's, as the roster has it. */
  capacity: z.number().int().nonnegative(),
});

/** The book of one agent's work, `workload.<address>`: its commits are the compare-and-set that gives out its places. */
export const workload = defineProtocol({
  name: "workload",
  version: "1.0",
  accepts: {
    reserve: question(
      reservation,
      z.discriminatedUnion("ok", [
        z.object({ ok: z.literal(true), load }),
        z.discriminatedUnion("by", [
          z.object({ ok: z.literal(false), by: z.literal("capacity"), load }),
          z.object({
            ok: z.literal(false),
            by: z.literal("limits"),
            violations: z.array(
              z.object({ resource: z.enum(resourceNames), requested: z.number(), remaining: z.number() }),
            ),
            load,
          }),
        ]),
      ]),
    ),
    /** Gives the place back, and keeps how it went. Of a task it does not hold, nothing changes. */
    finished: z.object({
      task: z.string(),
      outcome: z.enum(["done", "failed", "expired", "revoked", "refused"]),
    }),
    /** The figures, from the log alone. */
    figures: question(
      z.object({}),
      z.object({
        load,
        /** By task type: how many ended, the exponentially weighted service time and its deviation, in milliseconds. */
        service: z.record(
          z.string(),
          z.object({ ended: z.number(), failed: z.number(), meanMs: z.number(), deviationMs: z.number() }),
        ),
      }),
    ),
  },
});
