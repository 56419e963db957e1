import type { DownFrame, UpFrame } from "./frames.ts";
import { Pipe } from "./pipe.ts";
import type { RandomStream } from "./random.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { Weather } from "./weather.ts";

/** The client's end of a connection. */
export interface ClientEnd {
  arrived(frame: DownFrame): void;
  /** The server, or the line, has ended it. */
  ended(reason: string): void;
}

export interface Subscriber {
  readonly connection: Connection;
  readonly sid: number;
  readonly pattern: string;
  readonly queue: string | undefined;
}

/** What a connection needs of the server. */
export interface ServerEnd {
  arrived(connection: Connection, frame: UpFrame): void;
  /** A frame that nobody will get any more. */
  lost(connection: Connection, frame: UpFrame | DownFrame, why: string): void;
}

interface ConnectionParts {
  readonly clock: VirtualClock;
  readonly random: RandomStream;
  readonly latencyMs: readonly [number, number];
  readonly weather: Weather;
  readonly node: string;
  readonly process: SimulatedProcess;
  readonly client: ClientEnd;
  readonly server: ServerEnd;
}

/** One connection of a process to the server, with both its ends, which may disagree on whether it lives. */
export class Connection {
  readonly node: string;
  readonly process: SimulatedProcess;
  readonly subscribers = new Map<number, Subscriber>();
  /** Buckets that are watched, by the watch's id. */
  readonly watches = new Map<number, string>();
  readonly #parts: ConnectionParts;
  readonly #up: Pipe<UpFrame>;
  readonly #down: Pipe<DownFrame>;
  #clientOpen = true;
  #serverOpen = true;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.node = parts.node;
    this.process = parts.process;
    const { clock, random, latencyMs, weather } = parts;
    const usual = { clock, random, latencyMs, extraMs: () => weather.extraMs };
    this.#up = new Pipe({
      ...usual,
      stalled: () => weather.stalledUp > 0,
      receiver: undefined,
      arrive: (frame) => this.#arrivedUp(frame),
    });
    this.#down = new Pipe({
      ...usual,
      stalled: () => weather.stalledDown > 0,
      receiver: parts.process,
      arrive: (frame) => this.#arrivedDown(frame),
    });
  }

  /** Whether the server takes it for living. */
  get open(): boolean {
    return this.#serverOpen;
  }

  get clientOpen(): boolean {
    return this.#clientOpen;
  }

  /** Frames that the client has not read. */
  get pending(): number {
    return this.#down.held + this.process.kept;
  }

  sendUp(frame: UpFrame): void {
    this.#up.send(frame);
  }

  sendDown(frame: DownFrame): void {
    const { hostility } = this.#parts.weather;
    if (hostility !== undefined && (frame.op === "message" || frame.op === "queued"))
      this.#sendHostile(frame, hostility);
    else this.#down.send(frame);
  }

  #sendHostile(frame: DownFrame, { drop, duplicate, reorder }: NonNullable<Weather["hostility"]>): void {
    const { random, server } = this.#parts;
    if (random.chance(drop)) return server.lost(this, frame, "dropped by a hostile network");
    if (random.chance(reorder)) this.#down.sendAstray(frame, random.between(0, 1_000));
    else this.#down.send(frame);
    if (random.chance(duplicate)) this.#down.sendAstray(frame, random.between(0, 1_000));
  }

  /** The line lets through again what it held. */
  release(): void {
    this.#up.release();
    this.#down.release();
  }

  /**
   * The client gives it up, or its process is gone: it hears nothing more. What it had sent still arrives, even after a
   * stall, as a kernel goes on sending for a process that has closed; then the server hears of the end.
   */
  abandon(): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    for (const frame of this.#down.dropHeld()) this.#parts.server.lost(this, frame, "the client had closed");
    this.#up.send({ op: "bye" });
  }

  /** The client's machine is off: nothing more is sent, and the server hears of no end. */
  vanish(): void {
    this.#clientOpen = false;
    for (const frame of this.#up.dropHeld()) this.#parts.server.lost(this, frame, "the machine is off");
  }

  /** The line breaks, or the server ends: both sides hear of it, and what is under way is lost. */
  cut(reason: string): void {
    const { server, clock, process, client, latencyMs } = this.#parts;
    this.close();
    for (const frame of this.#up.dropHeld()) server.lost(this, frame, reason);
    for (const frame of this.#down.dropHeld()) server.lost(this, frame, reason);
    process.input(clock.nowMs + latencyMs[0], () => {
      if (!this.#clientOpen) return;
      this.#clientOpen = false;
      client.ended(reason);
    });
  }

  /** The server knows it no longer. */
  close(): void {
    this.#serverOpen = false;
    this.subscribers.clear();
    this.watches.clear();
  }

  #arrivedUp(frame: UpFrame): void {
    const { server } = this.#parts;
    if (this.#serverOpen) server.arrived(this, frame);
    else server.lost(this, frame, "the connection had ended");
  }

  #arrivedDown(frame: DownFrame): void {
    if (this.#clientOpen && this.#serverOpen) this.#parts.client.arrived(frame);
    else this.#parts.server.lost(this, frame, "the connection had ended");
  }
}
