import { cpus, loadavg, totalmem } from "node:os";

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly server: string;
  readonly startedAt: string;
}

export function machineFacts(serverVersion: string): MachineFacts {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    server: serverVersion,
    startedAt: new Date().toISOString(),
  };
}

export interface Calm {
  readonly load: number;
  /** How long a fixed integer loop takes on one core: it shows what others take of the machine. */
  readonly loopMs: number;
}

export function calmNow(): Calm {
  const began = performance.now();
  let x = 1;
  for (let i = 0; i < 100_000_000; i++) x = (x * 1_664_525 + i) | 0;
  // The result is used, so that the loop is not optimised away.
  const loopMs = performance.now() - began + (x === 0 ? 1 : 0);
  return { load: loadavg()[0] ?? 0, loopMs };
}
