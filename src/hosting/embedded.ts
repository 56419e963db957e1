import type { WireError } from "../../protocols/index.ts";
import type { Hosting } from "./hosting.ts";
import type { Order, Report } from "./words.ts";

/** Why a worker is gone that nobody ended. */
export type Ended = { readonly kind: "heap" } | { readonly kind: "crashed"; readonly error: WireError };

/** A worker thread or child process, as its node sees it. */
export interface Embedded {
  /** @throws what cannot be cloned */
  post(order: Order): void;
  /** What its heap and buffers hold now, also in the midst of a turn; undefined where that cannot be seen. */
  usedBytes(): Promise<number> | undefined;
  /** Ends it at once, whatever it does. Idempotent. */
  kill(): void;
  /** What is left of it does not keep this process from ending any more. */
  forsake(): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

export interface EmbeddedListener {
  readonly onReport: (report: Report) => void;
  /** Called once, also after `kill`. */
  readonly onEnd: (ended: Ended) => void;
}

export type StartEmbedded = (address: string, hosting: Hosting, listener: EmbeddedListener) => Embedded;

/** The file both run: TypeScript where this file is. */
export const workerFile: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
  import.meta.url,
);

/** Flags of this process that a worker shall have too, as a loader's; not a debugger's port, nor a program given as text. */
export function inheritedFlags(): string[] {
  const flags: string[] = [];
  for (let at = 0; at < process.execArgv.length; at++) {
    const flag = process.execArgv[at] ?? "";
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) at++;
    else if (!/^--(inspect|max-old-space-size|input-type|eval=|print=)/.test(flag)) flags.push(flag);
  }
  return flags;
}
