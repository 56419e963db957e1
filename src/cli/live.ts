import { setTimeout as pause } from "node:timers/promises";
import { isCoxswainError } from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import { Deferred } from "../transport/outcomes.ts";
import { exitCodes } from "./command.ts";
import { interrupted } from "./interrupted.ts";
import type { Drawing, Screen } from "./screen.ts";

/** Facts that say that a tree looks different now. */
const telling: ReadonlySet<string> = new Set([
  ...["started", "stopped", "failed", "changed", "nodeUp", "nodeDown"],
  ...["restarted", "restartFailed", "gaveUp", "escalated"],
]);

/** Between two looks, in milliseconds, however many facts there are. */
const restMs = 100;

interface LiveOptions {
  readonly screen: Screen;
  /** Their facts say when to look again. */
  readonly subjects: readonly string[];
  /** Without any fact, a look is taken after this time, in milliseconds. */
  readonly everyMs: number;
  look(): Promise<Drawing>;
}

/** Draws what there is, until Ctrl-C or until the connection is gone for good. @returns the exit code */
export async function live(
  { transport }: Pick<SystemClient, "transport">,
  options: LiveOptions,
): Promise<number> {
  const { screen, subjects, everyMs, look } = options;
  const ended = new Deferred<number>();
  const stopSignals = interrupted((code) => ended.resolve(code));
  let over = false;
  const bell = new Bell();
  const forget = transport.onEvent(({ type }) => {
    if (type === "closed") ended.resolve(exitCodes.noServer);
    else bell.ring();
  });
  const subscriptions = subjects.map((subject) =>
    transport.subscribe(subject, (event) => {
      if (telling.has(event.subject.slice(event.subject.lastIndexOf(".") + 1))) bell.ring();
    }),
  );
  const lookAgain = async (): Promise<undefined> => {
    const drawing = await look().catch(failedLook);
    if (over) return;
    screen.draw(drawing, Date.now());
    await pause(restMs);
    await bell.rung(everyMs - restMs);
  };
  try {
    for (;;) {
      const code = await Promise.race([ended.promise, lookAgain()]);
      if (code !== undefined) return code;
    }
  } finally {
    over = true;
    screen.close();
    stopSignals();
    forget();
    for (const subscription of subscriptions) subscription.close();
  }
}

/** A system that cannot be seen for a while may be seen again. */
function failedLook(error: unknown): Drawing {
  if (!isCoxswainError(error)) throw error;
  return () => `nothing is seen now: ${error.message} (${error.code})`;
}

/** Rings for whoever waits; one ring is kept until somebody does. */
class Bell {
  #next = new Deferred<void>();

  ring(): void {
    this.#next.resolve();
  }

  /** Resolves when it has rung since the last time, or after `ms`. */
  async rung(ms: number): Promise<void> {
    const late = new AbortController();
    const time = pause(ms, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([this.#next.promise, time]);
    late.abort();
    this.#next = new Deferred();
  }
}
