/**
 * The testing kit: paths through a machine from its own graph and how much of it they cover, teams of machines checked
 * over a bad network, clusters simulated on one clock, and a proxy that loses single frames of a real server.
 * Works with any test runner; `fast-check` makes the payloads of messages.
 */
export * from "./coverage/index.ts";
// Both say where they stopped short; the check's own is in its result's type.
export type { Truncation } from "./model/index.ts";
export * from "./model/index.ts";
export * from "./oracle/index.ts";
export * from "./probes/index.ts";
export * from "./proxy/index.ts";
export * from "./simulation/index.ts";
export * from "./team/index.ts";
