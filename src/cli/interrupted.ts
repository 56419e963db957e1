import { constants } from "node:os";

/** Calls back with the exit code of the first SIGINT or SIGTERM, instead of ending at once. @returns how to stop that */
export function interrupted(listener: (code: number, signal: NodeJS.Signals) => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => listener(128 + (constants.signals[signal] ?? 0), signal);
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  return () => process.removeListener("SIGINT", onSignal).removeListener("SIGTERM", onSignal);
}
