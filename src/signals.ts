import { constants } from "node:os";
import { realEnv } from "./env/env.ts";
import type { Listening } from "./ref.ts";
import type { ActorSystem, DrainReport } from "./system.ts";

export interface SignalOptions {
  /** How long actors may work off what waits, in milliseconds; default as `drain`. */
  readonly withinMs?: number;
  /** How long each actor may then take to end, in milliseconds, before it is killed; default as `drain`. */
  readonly stopWithinMs?: number;
  /** Default SIGINT and SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Gets each line of the report; default standard error. */
  readonly say?: (line: string) => void;
}

/** Signals this close together are one: a terminal and `npm` both pass on the same Ctrl-C. */
export const samePressMs = 300;

/**
 * On Ctrl-C or SIGTERM drains the system, says what became of its actors and which of them did not end in time, and
 * ends the process by the same signal. A second signal ends it at once. Closing what is returned gives the signals back.
 *
 * @example
 * const system = await createSystem({ name: "desk" });
 * closeOnSignals(system);
 */
export function closeOnSignals(system: Pick<ActorSystem, "drain">, options: SignalOptions = {}): Listening {
  const { withinMs, stopWithinMs, signals = ["SIGINT", "SIGTERM"], say = sayOnStderr } = options;
  const limits = {
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(stopWithinMs === undefined ? {} : { stopWithinMs }),
  };
  let firstAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = realEnv.monotonicMs();
    if (firstAtMs !== undefined) {
      if (nowMs - firstAtMs >= samePressMs) endBy(signal);
      return;
    }
    firstAtMs = nowMs;
    say(`${signal}: closing in good order; once more to end at once`);
    system.drain(limits).then(
      (report) => {
        say(closedText(report));
        endBy(signal);
      },
      (error: unknown) => {
        say(`closing failed: ${error instanceof Error ? error.message : String(error)}`);
        process.exit(1);
      },
    );
  };
  const close = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const endBy = (signal: NodeJS.Signals): void => {
    // Whoever waits for us sees that a signal ended us, and which.
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
    // Process 1 of a container is not ended by a signal to itself.
    process.exit(128 + (constants.signals[signal] ?? 0));
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { close, [Symbol.dispose]: close };
}

function closedText({ stopped, unfinished, killed, counts }: DrainReport): string {
  const late = new Set(unfinished);
  const inOrder = stopped - killed.filter((address) => !late.has(address)).length;
  const parts = [
    `closed: ${inOrder} actors stopped`,
    `${counts.handled} messages handled`,
    ...(unfinished.length === 0 ? [] : [`unfinished: ${named(unfinished)}`]),
    ...(killed.length === 0 ? [] : [`killed: ${named(killed)}`]),
  ];
  return parts.join(", ");
}

/** Addresses a line names; of the others it says how many. */
const namedMax = 20;

function named(addresses: readonly string[]): string {
  const more = addresses.length - namedMax;
  return addresses.slice(0, namedMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function sayOnStderr(line: string): void {
  process.stderr.write(`coxswain: ${line}\n`);
}
