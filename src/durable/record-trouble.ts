import type { CoxswainError } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import type { Report } from "../node.ts";

/** A record that could not be read or written so often is spoken of: some two seconds. */
const patience = 6;
/** In milliseconds. */
const quietMs = 5_000;

/** Says that records cannot be read or written: of all of a node's agents together, and now and then. */
export class RecordTrouble {
  readonly #env: Env;
  readonly #report: (report: Report) => void;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(env: Env, report: (report: Report) => void) {
    this.#env = env;
    this.#report = report;
  }

  /** @param tries of this read or write, that failed */
  of(key: string, error: CoxswainError, tries: number): void {
    const nowMs = this.#env.monotonicMs();
    if (tries < patience || nowMs - this.#saidMs < quietMs) return;
    this.#saidMs = nowMs;
    const message = `Records of durable agents, such as ${key}, cannot be read or written: ${error.message}`;
    this.#report({ level: "error", message, error });
  }
}
