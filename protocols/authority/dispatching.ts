import { z } from "zod";
import { defineProtocol, question } from "../protocol.ts";
import { address, priorities } from "./authority.ts";

const skills = z.record(z.string().max(64), z.number().min(0).max(1)).default({});

const move = z.object({
  task: z.string(),
  from: z.string(),
  to: z.string(),
  /** By how much earlier the later of the two workers will be done, in milliseconds, as predicted. */
  gainMs: z.number(),
});

export const rebalancing = z.object({
  verdict: z.enum(["moved", "no opportunities"]),
  moves: z.array(move),
  /** Until the last worker is done, in milliseconds, as predicted: before the moves and after. */
  beforeMs: z.number(),
  afterMs: z.number(),
  expectedImprovement: z.number(),
});

/** A queue of tasks before several workers, which speak `work`. */
export const dispatching = defineProtocol({
  name: "dispatching",
  version: "1.0",
  accepts: {
    /** Answered when it has ended well, refused otherwise. Of an id that has not ended, the first counts, and all who ask are told. */
    dispatch: question(
      z.object({
        id: z.string().min(1).max(128),
        taskType: z.string().min(1).max(64),
        task: z.unknown(),
        priority: z.number().int().min(1).max(5).default(priorities.MEDIUM),
      }),
      z.object({ result: z.unknown(), worker: z.string(), attempt: z.number() }),
    ),
    /** A worker that may be given so many tasks at a time; 0: no more of them. What it has, it keeps. */
    enrol: z.object({ worker: address, capacity: z.number().int().min(0).max(1_000), skills }),
    /** Credits: it takes so many tasks more than it has. Each counts for one, ended or not. */
    pull: z.object({ worker: address, credits: z.number().int().min(1).max(1_000), skills }),
    /** What it had goes on elsewhere. */
    leave: z.object({ worker: address }),
    /** What the process of these workers uses of its processor and of its memory, 0 to 1, as measured there; counts for their scores. */
    used: z.object({
      workers: z.array(address).max(1_000),
      cpu: z.number().min(0).max(1),
      memory: z.number().min(0).max(1),
    }),
    cancel: z.object({ id: z.string().max(128), reason: z.string().max(1_000).default("") }),
    /** What the level of the ladder that is asked now has decided of a task. */
    decide: z.object({
      id: z.string().max(128),
      level: z.number().int().positive(),
      decision: z.enum(["resolve", "passOn", "fail"]),
      reason: z.string().max(1_000).default(""),
    }),
    figures: question(
      z.object({}),
      z.object({
        queued: z.number(),
        running: z.number(),
        escalated: z.number(),
        workers: z.array(
          z.object({
            worker: z.string(),
            capacity: z.number(),
            running: z.number(),
            queued: z.number(),
            /** Until it is done with all it has, in milliseconds, as predicted. */
            doneInMs: z.number(),
            /** From 0 to 100; how it is made is said at `loadScore`. */
            score: z.number(),
          }),
        ),
        /** What the last look for something to move came to. */
        rebalancing: rebalancing.optional(),
      }),
    ),
  },
  emits: {
    taskAssigned: z.object({
      id: z.string(),
      worker: z.string(),
      attempt: z.number(),
      predictedMs: z.number(),
    }),
    taskEnded: z.object({
      id: z.string(),
      state: z.enum(["done", "failed", "cancelled"]),
      reason: z.string(),
    }),
    taskEscalated: z.object({ id: z.string(), level: z.number(), to: z.string(), reason: z.string() }),
    rebalanced: rebalancing,
  },
});
