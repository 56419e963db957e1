import type { ActorAddress } from "../../../protocols/index.ts";
import type { Env } from "../../env/env.ts";
import { pause } from "../activation.ts";
import { type Checkpoint, encodeCheckpoint } from "./entry.ts";
import type { HistoryLog } from "./history-stream.ts";

/** Turns from one checkpoint to the next: so many are given again at most to know how one was. */
const checkpointEvery = 100;

/**
 * Puts an agent's committed turns into its history, in order: each is part of its record until it is there. One whose outcome is
 * not known is put there again, and its reader drops the double. Checkpoints are for speed: one that is not known to be there
 * is made up for by the next commit.
 */
export class Chronicler {
  readonly #env: Env;
  readonly #log: HistoryLog;
  readonly #address: ActorAddress;
  readonly #confirmed: (positions: readonly number[]) => void;
  #waiting: { readonly position: number; readonly entry: Uint8Array }[] = [];
  #busy = false;
  #checking = false;
  #stopped = false;

  constructor(
    env: Env,
    log: HistoryLog,
    address: ActorAddress,
    confirmed: (positions: readonly number[]) => void,
  ) {
    this.#env = env;
    this.#log = log;
    this.#address = address;
    this.#confirmed = confirmed;
  }

  publish(position: number, entry: Uint8Array): void {
    this.#waiting.push({ position, entry });
    if (!this.#busy) void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let tries = 0; this.#waiting.length > 0 && !this.#stopped; ) {
      // What is committed together is published together.
      await Promise.resolve();
      const batch = this.#waiting;
      this.#waiting = [];
      const outcomes = await Promise.all(batch.map(({ entry }) => this.#log.append(this.#address, entry)));
      if (this.#stopped) return;
      const stored = batch.filter((_, i) => outcomes[i]?.kind === "ok");
      const left = batch.filter((_, i) => outcomes[i]?.kind !== "ok");
      this.#waiting = [...left, ...this.#waiting];
      if (stored.length > 0) this.#confirmed(stored.map(({ position }) => position));
      if (left.length === 0) tries = 0;
      else await pause(this.#env, tries++);
    }
    this.#busy = false;
  }

  /** Whether a record of this turn is to be kept, where the latest known is of turn `last`. */
  static isDue(turn: number, last: number | undefined): boolean {
    return turn > 0 && (last === undefined || turn - last >= checkpointEvery);
  }

  /** One at a time. @param done is told when it is there */
  checkpoint(of: Checkpoint, done: (turn: number) => void): void {
    if (this.#checking || this.#stopped) return;
    this.#checking = true;
    void this.#check(of, done);
  }

  async #check(of: Checkpoint, done: (turn: number) => void): Promise<void> {
    const outcome = await this.#log.append(this.#address, encodeCheckpoint(of));
    this.#checking = false;
    if (outcome.kind === "ok" && !this.#stopped) done(of.turn);
  }
}
