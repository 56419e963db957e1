/** Milliseconds of the machine's clock that never goes back: the same in all its processes, and no fault jumps it. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
