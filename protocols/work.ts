import { z } from "zod";
import { defineProtocol, question } from "./protocol.ts";

/**
 * Work: a task goes in, a result comes out. A worker, a crew of workers and whatever stands before
 * them speak it alike, so that each can take the other's place. Tasks and results are plain data.
 */
export const work = defineProtocol({
  name: "work",
  version: "1.0",
  accepts: {
    work: question(z.object({ task: z.unknown() }), z.object({ result: z.unknown() })),
  },
  emits: {
    workStarted: z.object({ task: z.unknown() }),
    /** Whatever the work says of itself while it goes on. */
    workProgressed: z.object({ progress: z.unknown() }),
    workDone: z.object({ task: z.unknown() }),
    workFailed: z.object({ task: z.unknown(), reason: z.string() }),
  },
});

/** One branch of a fan-out: a name for the report, who is asked, and what. */
export const branch = z.object({ name: z.string().min(1).max(64), to: z.string(), task: z.unknown() });
export type Branch = z.infer<typeof branch>;

export const branchResult = z.discriminatedUnion("ok", [
  z.object({ name: z.string(), ok: z.literal(true), result: z.unknown() }),
  z.object({ name: z.string(), ok: z.literal(false), code: z.string(), reason: z.string() }),
]);
export type BranchResult = z.infer<typeof branchResult>;

/** Work for several at once, or one after the other. */
export const fanOut = defineProtocol({
  name: "fanOut",
  version: "1.0",
  accepts: {
    /**
     * `parallel`: at most `atMost` branches at a time, every branch runs, one's failure spoils no other.
     * `sequence`: in order; the first failure ends it, and the rest are not asked.
     */
    run: question(
      z.object({
        branches: z
          .array(branch)
          .min(1)
          .max(1_000)
          .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "branch names differ"),
        mode: z.enum(["parallel", "sequence"]).default("parallel"),
        atMost: z.number().int().min(1).max(1_000).default(16),
        /** How long one branch may take, in milliseconds. */
        withinMs: z.number().positive().default(60_000),
      }),
      /** In the order in which the branches were given; those never asked are absent. */
      z.object({ results: z.array(branchResult) }),
    ),
  },
  emits: {
    branchStarted: z.object({ name: z.string() }),
    branchDone: z.object({ name: z.string() }),
    branchFailed: z.object({ name: z.string(), code: z.string(), reason: z.string() }),
  },
});
