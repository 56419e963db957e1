import type { Env, Timer } from "../../env/env.ts";
import type { RandomStream } from "./random.ts";
import type { ClockEvent, EventOwner, VirtualClock } from "./virtual-clock.ts";

/** How a process's clocks go wrong. */
export interface Skew {
  /** What its wall clock shows beside the true time, in milliseconds. */
  readonly wallMs: number;
  /** How much faster its monotonic clock and its timers run: 0.01 is one percent. Its wall clock is kept right. */
  readonly drift: number;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** 2025-06-15T15:06:40Z: a simulation begins at the same time, whenever it is run. */
export const simulatedStartMs = 1_750_000_000_000;

/** As Node does: a timer of 0 ms waits for 1. */
const timerLeastMs = 1;
/** A timer must not fire before its own clock says that it is due. */
const roundingMs = 0.001;

/** One life of a process: its clocks, its chance, and whether it runs. Everything that happens in it is an event of its own. */
export class SimulatedProcess implements EventOwner {
  readonly number: number;
  readonly env: Env;
  readonly #clock: VirtualClock;
  readonly #random: RandomStream;
  readonly #bornMs: number;
  readonly #kept: ClockEvent[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #stepsLeft = Number.POSITIVE_INFINITY;
  #die: () => void = () => {};
  #jumpedMs = 0;

  constructor(
    clock: VirtualClock,
    number: number,
    random: RandomStream,
    skew: Skew,
    startMs = simulatedStartMs,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#bornMs = clock.nowMs;
    this.number = number;
    const pace = 1 + skew.drift;
    const setTimer = (delayMs: number, run: () => void): Timer =>
      clock.schedule(clock.nowMs + (Math.max(timerLeastMs, delayMs) + roundingMs) / pace, run, "timer", this);
    this.env = {
      nowMs: () => Math.floor(startMs + clock.nowMs + skew.wallMs + this.#jumpedMs),
      monotonicMs: () => (clock.nowMs - this.#bornMs) * pace,
      setTimer,
      soon: (run) => void clock.schedule(clock.nowMs, run, "soon", this),
      random: () => random.next(),
      uniqueId: () => Array.from({ length: 22 }, () => alphabet[random.whole(0, 61)]).join(""),
    };
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  /** Events that wait for it to go on. */
  get kept(): number {
    return this.#kept.length;
  }

  admits(event: ClockEvent): boolean {
    if (this.#state === "running" && this.#stepsLeft > 0) {
      this.#stepsLeft -= 1;
      return true;
    }
    if (this.#state === "running") this.#die();
    if (this.#state === "paused") this.#kept.push(event);
    return false;
  }

  /** An input from outside, such as what a socket has read. */
  input(atMs: number, run: () => void): void {
    this.#clock.schedule(atMs, run, "input", this);
  }

  /** Stops it like SIGSTOP: time goes on, it does not. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** Goes on like SIGCONT. What was due meanwhile happens now: by chance what its sockets have, or its timers first. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const kept = this.#kept.splice(0);
    const first = this.#random.chance(0.5) ? "input" : "timer";
    for (const event of kept) if (event.kind === first) this.#clock.reschedule(event);
    for (const event of kept) if (event.kind !== first) this.#clock.reschedule(event);
  }

  /** After so many more events of its own it dies, between two of them. */
  dieAfter(steps: number, die: () => void): void {
    this.#stepsLeft = Math.min(steps, this.#stepsLeft);
    this.#die = die;
  }

  kill(): void {
    this.#state = "dead";
    this.#kept.length = 0;
  }

  /** Its wall clock is set. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }
}
