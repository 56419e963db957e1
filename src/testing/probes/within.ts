import { realEnv } from "../../env/env.ts";
import { durationOf, msText } from "./duration.ts";
import { type Limit, presentLimit } from "./limits.ts";
import type { Patience } from "./patience.ts";
import { ProbeFailed } from "./probe-failed.ts";

/** Runs a block that has to end within so long; what it expects has what is left of it. */
export async function runWithin<T>(
  patience: Patience,
  limitMs: number,
  block: (leftMs: () => number) => T | Promise<T>,
  story: () => string,
): Promise<T> {
  const { env } = patience;
  const beganMs = env.monotonicMs();
  const untilMs = beganMs + durationOf(limitMs, "limitMs");
  const limit: Limit = { env, untilMs, waiting: new Set(), outer: presentLimit.getStore() };
  const late = (): ProbeFailed => {
    const tookMs = env.monotonicMs() - beganMs;
    const took = tookMs > limitMs ? `; it was still at it after ${msText(tookMs)}` : "";
    return new ProbeFailed(`Expected the block to end within ${msText(limitMs)}${took}\n${story()}`);
  };
  let isOver = false;
  let timer: { cancel(): void } | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = patience.timer(limitMs, () => {
      isOver = true;
      for (const end of [...limit.waiting]) end();
      // An expectation that failed just now says more, and one for silence has just been met: the block may end by it.
      realEnv.soon(() => reject(late()));
    });
  });
  try {
    const running = presentLimit.run(limit, async () =>
      block(() => Math.max(0, untilMs - env.monotonicMs())),
    );
    const value = await Promise.race([running, tooLate]);
    if (!isOver && env.monotonicMs() > untilMs) throw late();
    return value;
  } finally {
    timer?.cancel();
  }
}
