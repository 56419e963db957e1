import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoxswainError } from "../../protocols/index.ts";
import { runCommand } from "./run-command.ts";

// nats-server does not lock its store, and two of them over one folder destroy it.

const pollMs = 20;

/** The file that names the process which may use a store folder; its watchdog creates and removes it. */
export function storeLockOf(storeDir: string): string {
  return join(storeDir, "coxswain.lock");
}

/**
 * Waits until nobody holds the lock, and removes one whose holder is dead. The last owner's server may
 * still be ending: a system that was killed and started anew finds it so.
 *
 * @throws SERVER_FAILED when it is still held after `waitMs`.
 */
export async function storeReleased(lock: string, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  for (;;) {
    const holder = await holderOf(lock);
    if (holder === undefined) return;
    if (!(await isWatchdog(holder, lock))) {
      // Unless it has changed hands meanwhile.
      if ((await holderOf(lock)) === holder) await rm(lock, { force: true });
      return;
    }
    if (performance.now() > until) {
      throw new CoxswainError("SERVER_FAILED", `The store of "${lock}" is in use by process ${holder}`, {
        details: { lock, holder },
      });
    }
    await sleep(pollMs);
  }
}

async function holderOf(lock: string): Promise<number | undefined> {
  const text = await readFile(lock, "utf8").catch(() => undefined);
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/** Whether the process is a watchdog of this lock, and not one that got a dead one's id. */
async function isWatchdog(pid: number, lock: string): Promise<boolean> {
  if (!Number.isInteger(pid)) return false;
  const proc = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (proc !== undefined || process.platform === "linux") return proc?.includes(lock) ?? false;
  const listed = await runCommand("ps", ["-o", "command=", "-p", String(pid)], { timeoutMs: 5_000 });
  return listed.stdout.includes(lock);
}
