export { describeFault, type Fault, type FaultKind, type FaultMix } from "./faults.ts";
export { type RandomStream, randomStream } from "./random.ts";
export { failureText, type Shrunk, shrink } from "./shrink.ts";
export { type Scenario, type SimulationOptions, type SimulationResult, simulate } from "./simulate.ts";
export { type SeedsOptions, type SeedsSummary, SimulationFailure, simulateSeeds } from "./simulate-seeds.ts";
export type { SimulatedNode } from "./simulated-node.ts";
export type { BrokenPromise, World } from "./world.ts";
