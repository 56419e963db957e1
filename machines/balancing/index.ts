export * from "./assignment-problem.ts";
export * from "./balancer.ts";
export * from "./load-score.ts";
export * from "./optimise-workload.ts";
export * from "./rebalance.ts";
export * from "./service-history.ts";
export * from "./simulated-run.ts";
export { type SolveOptions, solveAssignment } from "./solve-assignment.ts";
