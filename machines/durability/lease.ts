/** What somebody who might take over has seen of a record: since when its revision stands still. */
export interface Watch {
  readonly revision: number;
  /** On the watcher's own monotonic clock. */
  readonly sinceMs: number;
}

/** R6: looks at the record. No wall clock and no time of another node is compared. */
export function observed(watch: Watch | undefined, revision: number, nowMs: number): Watch {
  return watch?.revision === revision ? watch : { revision, sinceMs: nowMs };
}

/** R6: the owner has been silent for a lease's time, so the record may be claimed. */
export function expired({ sinceMs }: Watch, nowMs: number, leaseMs: number): boolean {
  return nowMs - sinceMs >= leaseMs;
}

/** An owner's own account of its lease. */
export interface Tenure {
  readonly leaseMs: number;
  /** When the last write that succeeded was *sent*, on the owner's monotonic clock: others can have seen it no earlier. */
  readonly sentAtMs: number;
}

/** R6: a commit, or a write that changes nothing but the revision, has succeeded. */
export function renewed(tenure: Tenure, sentAtMs: number): Tenure {
  return sentAtMs > tenure.sentAtMs ? { ...tenure, sentAtMs } : tenure;
}

/** R6: after a third of the lease without a commit, the record is written as it is. */
export function renewalDue({ leaseMs, sentAtMs }: Tenure, nowMs: number): boolean {
  return nowMs - sentAtMs >= leaseMs / 3;
}

/**
 * R7: asked before each message, with the time of that moment; never decided by a timer, which after a pause
 * comes too late. It saves work in vain and effects of a doubtful owner; what keeps the record safe is R1.
 */
export function mayDispatch({ leaseMs, sentAtMs }: Tenure, nowMs: number): boolean {
  return nowMs - sentAtMs < dispatchShare * leaseMs;
}

/** Leaves room for monotonic clocks that run a tenth apart. */
const dispatchShare = 0.8;
