import { z } from "zod";
import { defineProtocol, question } from "./protocol.ts";

/** What a check found wrong, or somebody else wants known. The key says which trouble it is: the same trouble, the same key. */
export const alert = z.object({
  key: z.string().min(1).max(200),
  summary: z.string().max(1_000),
  severity: z.enum(["info", "warning", "critical"]).default("warning"),
});
export type Alert = z.infer<typeof alert>;
export type AlertInput = z.input<typeof alert>;

/** What one check may find. */
export const findings = z.array(alert).max(100);

/** A monitor, `monitor.<pipeline>`: a durable agent, and so the only one of its key in a cluster. */
export const monitor = defineProtocol({
  name: "monitor",
  version: "1.0",
  accepts: {
    /** Checks at once, and goes on. Told while it does so, nothing changes. */
    watch: z.object({}),
    rest: z.object({}),
    status: question(
      z.object({}),
      z.object({
        state: z.enum(["resting", "watching", "retrying"]),
        checks: z.number(),
        failures: z.number(),
        /** Of the last check that failed; empty if none did. */
        error: z.string(),
        /** What is wrong, as of the last check that did not fail. */
        findings: z.array(z.string()),
      }),
    ),
  },
  emits: {
    checked: z.object({ findings: z.array(z.string()) }),
    checkFailed: z.object({ reason: z.string() }),
  },
});

/** The alerts of a pipeline, `alerts.<pipeline>`: a durable agent. Of one key it delivers once a window. */
export const alerts = defineProtocol({
  name: "alerts",
  version: "1.0",
  accepts: {
    alert,
    /** The trouble is over. */
    clear: z.object({ key: z.string().max(200) }),
    acknowledge: question(
      z.object({ key: z.string().max(200), by: z.string().min(1).max(200) }),
      /** `known`: somebody, `by`, had done so before. `unknown`: there is no such alert, or no more. */
      z.object({ outcome: z.enum(["acknowledged", "known", "unknown"]), by: z.string() }),
    ),
    open: question(
      z.object({}),
      z.object({
        alerts: z.array(
          z.object({
            key: z.string(),
            summary: z.string(),
            severity: z.string(),
            /** How often it came. */
            count: z.number(),
            deliveries: z.number(),
            /** Empty: nobody has acknowledged it. */
            by: z.string(),
          }),
        ),
      }),
    ),
  },
  emits: {
    /** A delivery; from the second on since nobody has acknowledged it. */
    alerted: z.object({
      key: z.string(),
      summary: z.string(),
      severity: z.string(),
      count: z.number(),
      delivery: z.number(),
    }),
    acknowledged: z.object({ key: z.string(), by: z.string() }),
    cleared: z.object({ key: z.string() }),
  },
});
