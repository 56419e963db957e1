import { CoxswainError, quote } from "../../protocols/index.ts";

/** Where an actor's behaviour runs, and what it may take there. */
export interface Hosting {
  /** `thread`: a worker thread of this process; `process`: a child process. */
  readonly in: "thread" | "process";
  /** The module's URL. */
  readonly module: string;
  readonly name: string;
  readonly heapMaxMb: number;
  readonly turnMaxMs: number;
  readonly startMaxMs: number;
}

export interface HostingOptions {
  /**
   * `thread`: cheap, ends an endless loop or a heap that grows; but one allocation too large for V8 to grant ends
   * the whole process with it. `process`: a wall against that too.
   */
  readonly in: "thread" | "process";
  /** The module that exports the actor. The worker loads it itself: `new URL("./my-actor.ts", import.meta.url)`. */
  readonly module: URL | string;
  /** The name of the export; default "default". */
  readonly name?: string;
  /**
   * What its JavaScript heap and buffers may hold, in MiB, the garbage of V8's young generation not counted; beyond it
   * the actor is killed. Default 128, at least 16; the runtime itself takes about 10 of it.
   */
  readonly heapMaxMb?: number;
  /**
   * How long one turn may take, in milliseconds; longer ones are killed. A loop outside of a turn, as in a call that was
   * awaited, is killed by a heartbeat that is not answered for so long. Default 5,000, at least 10.
   */
  readonly turnMaxMs?: number;
  /** How long the worker may take until the actor's first state is entered, in milliseconds. Default 10,000. */
  readonly startMaxMs?: number;
}

/** @throws OPTION_INVALID */
export function hostingOf(options: HostingOptions): Hosting {
  const { name = "default", heapMaxMb = 128, turnMaxMs = 5_000, startMaxMs = 10_000 } = options;
  if (options.in !== "thread" && options.in !== "process") {
    const text = `Expected in: "thread" or in: "process", got ${quote(options.in)}`;
    throw new CoxswainError("OPTION_INVALID", text);
  }
  atLeast("heapMaxMb", heapMaxMb, 16);
  atLeast("turnMaxMs", turnMaxMs, 10);
  atLeast("startMaxMs", startMaxMs, 10);
  return Object.freeze({
    in: options.in,
    module: moduleUrl(options.module),
    name,
    heapMaxMb,
    turnMaxMs,
    startMaxMs,
  });
}

/** A relative path would be taken from our folder, not from the caller's. */
function moduleUrl(module: URL | string): string {
  const text = String(module);
  if (URL.canParse(text)) return text;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected module to be a URL, like new URL("./actor.js", import.meta.url), got ${quote(text)}`,
  );
}

function atLeast(what: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  const text = `Expected ${what} to be a number >= ${least}, got ${quote(value)}`;
  throw new CoxswainError("OPTION_INVALID", text);
}
