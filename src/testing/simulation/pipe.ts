import type { RandomStream } from "./random.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface PipeParts<F> {
  readonly clock: VirtualClock;
  readonly random: RandomStream;
  /** How long a frame is on its way, in milliseconds, both inclusive. */
  readonly latencyMs: readonly [least: number, most: number];
  readonly extraMs: () => number;
  readonly stalled: () => boolean;
  /** In which process a frame arrives; undefined for the server. */
  readonly receiver: SimulatedProcess | undefined;
  readonly arrive: (frame: F) => void;
}

/** One direction of a TCP connection: in order, without loss. What cannot get through waits; what is cut off is gone. */
export class Pipe<F> {
  readonly #parts: PipeParts<F>;
  #held: F[] = [];
  #lastDueMs = 0;

  constructor(parts: PipeParts<F>) {
    this.#parts = parts;
  }

  get held(): number {
    return this.#held.length;
  }

  send(frame: F): void {
    if (this.#parts.stalled()) this.#held.push(frame);
    else this.#fly(frame, 0);
  }

  /** Not in order: nothing a real connection does. */
  sendAstray(frame: F, lateMs: number): void {
    this.#at(this.#parts.clock.nowMs + this.#latencyMs() + lateMs, frame);
  }

  /** The line is free again. */
  release(): void {
    if (this.#parts.stalled()) return;
    for (const frame of this.#held.splice(0)) this.#fly(frame, 0);
  }

  /** @returns what had not got through, which is lost */
  dropHeld(): readonly F[] {
    return this.#held.splice(0);
  }

  #latencyMs(): number {
    const { random, latencyMs, extraMs } = this.#parts;
    return random.between(...latencyMs) + extraMs();
  }

  #fly(frame: F, lateMs: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#parts.clock.nowMs + this.#latencyMs() + lateMs);
    this.#at(this.#lastDueMs, frame);
  }

  #at(dueMs: number, frame: F): void {
    const { clock, receiver, arrive } = this.#parts;
    const run = (): void => arrive(frame);
    if (receiver === undefined) clock.schedule(dueMs, run, "input");
    else receiver.input(dueMs, run);
  }
}
