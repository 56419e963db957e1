/** Time, chance and ids, given to every part from one place: one seed repeats one history. */
export interface Env {
  /** Wall clock, epoch milliseconds. May jump. */
  nowMs(): number;
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Calls once after `delayMs`, however long that is; a negative delay counts as 0. What `run` throws is the caller's fault. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** Calls after the present turn of the event loop, before timers: lets I/O in between batches. */
  soon(run: () => void): void;
  /** 0 ≤ x < 1. */
  random(): number;
  /** 22 characters of A-Z a-z 0-9, never the same twice. */
  uniqueId(): string;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

// Node fires a timer of more than 2^31-1 ms at once.
const stepMaxMs = 2_000_000_000;

function setLongTimer(delayMs: number, run: () => void): Timer {
  const dueMs = performance.now() + delayMs;
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = dueMs - performance.now();
    handle = leftMs > stepMaxMs ? setTimeout(arm, stepMaxMs) : setTimeout(run, Math.max(0, leftMs));
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** The machine's own clock and chance. */
export const realEnv: Env = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: setLongTimer,
  soon: (run) => void setImmediate(run),
  random: () => Math.random(),
  uniqueId: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(22));
    return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
  },
};
