import { getHeapStatistics } from "node:v8";
import { type ActorAddress, CoxswainError, type dispatching, quote } from "../protocols/index.ts";
import { type ActorRef, realEnv, type Timer } from "../src/index.ts";

/**
 * Tells a dispatcher, now and then, what this process uses of its processor and of its heap, on behalf of the workers that live in
 * it: their scores fall while it is busy.
 *
 * @returns what ends it; it ends by itself with the system
 * @throws CoxswainError OPTION_INVALID
 */
export function reportUsage(
  to: ActorRef<typeof dispatching>,
  workers: readonly ActorAddress[],
  { everyMs = 5_000 }: { readonly everyMs?: number } = {},
): Disposable {
  if (!Number.isFinite(everyMs) || everyMs <= 0)
    throw new CoxswainError("OPTION_INVALID", `Expected everyMs to be above 0, got ${quote(everyMs)}`);
  let before = { cpu: process.cpuUsage(), atMs: realEnv.monotonicMs() };
  let timer: Timer;
  const say = (): void => {
    const { user, system } = process.cpuUsage(before.cpu);
    const atMs = realEnv.monotonicMs();
    // One thread works for the agents; what others use beside it may come to more.
    const cpu = Math.min(1, (user + system) / 1_000 / Math.max(1, atMs - before.atMs));
    before = { cpu: process.cpuUsage(), atMs };
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    try {
      to.tell({ type: "used", workers: [...workers], cpu, memory: Math.min(1, used / limit) });
    } catch {
      // The system is closed: nobody is there to be told.
      return;
    }
    timer = realEnv.setTimer(everyMs, say);
  };
  timer = realEnv.setTimer(everyMs, say);
  return { [Symbol.dispose]: () => timer.cancel() };
}
