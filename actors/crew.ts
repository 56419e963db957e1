import { type CrewInput, crewMachine, type Job } from "../machines/index.ts";
import { actorAddress, CoxswainError, work } from "../protocols/index.ts";
import { type ActorDefinition, type ActorRef, type ActorSystem, defineActor } from "../src/index.ts";
import { worker } from "./worker.ts";

/** A crew: one address for several workers, which get the work in turn. It does not start them; {@link startCrew} does. */
export const crew: ActorDefinition<typeof work, CrewInput> = defineActor({
  protocol: work,
  machine: crewMachine,
});

/**
 * Starts a crew of `size` workers below its own address: `logs`, `logs.worker1`, `logs.worker2` …
 *
 * @throws OPTION_INVALID for a size that is no whole number from 1 to 1,000; ADDRESS_TAKEN
 */
export async function startCrew(
  system: ActorSystem,
  address: string,
  options: {
    readonly size: number;
    readonly perform: (job: Job) => Promise<unknown> | unknown;
    readonly withinMs?: number;
    /** Pieces of work a worker is given at once; default 1. */
    readonly ahead?: number;
  },
): Promise<ActorRef<typeof work>> {
  const { size, perform, ...rest } = options;
  if (!Number.isInteger(size) || size < 1 || size > 1_000) {
    throw new CoxswainError("OPTION_INVALID", `Expected a crew of 1 to 1000 workers, got ${size}`);
  }
  const workers = Array.from({ length: size }, (_, i) => actorAddress(`${address}.worker${i + 1}`));
  const definition = worker(perform);
  for (const at of workers) await system.spawn(at, definition);
  return system.spawn(address, crew, { input: { workers, ...rest } });
}
