import type { Env } from "../../env/env.ts";
import type { Transport } from "../../transport/transport.ts";
import type { ClientEnd, Connection } from "./connection.ts";
import type { RandomStream } from "./random.ts";
import { SimulatedProcess, type Skew } from "./simulated-process.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import { type ClientOptions, SimulatedTransport } from "./simulated-transport.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import { fairWeather } from "./weather.ts";

/** How long a try to connect over a dead line takes, in milliseconds. */
const dialTimeoutMs = 1_000;
/** After so long a process that could not start is started again. */
const bootAgainMs = 1_000;

interface NodeParts {
  readonly clock: VirtualClock;
  readonly server: SimulatedServer;
  readonly random: RandomStream;
  readonly skew: Skew;
  readonly client: ClientOptions;
  readonly latencyMs: readonly [number, number];
  readonly startMs: number;
  readonly nextProcess: () => number;
  readonly note: (text: string) => void;
  readonly boot: (node: SimulatedNode) => Promise<unknown>;
  readonly died: (node: SimulatedNode) => void;
}

/** A machine with one process of the system under test: it can be killed, paused and cut off, and is started again. */
export class SimulatedNode {
  readonly name: string;
  readonly weather = fairWeather();
  readonly #parts: NodeParts;
  readonly #transports = new Set<SimulatedTransport>();
  #process!: SimulatedProcess;
  #life = 0;
  #troubledUntilMs = 0;
  #pauses = 0;

  constructor(name: string, parts: NodeParts) {
    this.name = name;
    this.#parts = parts;
  }

  /** The clocks and the chance of the present process. */
  get env(): Env {
    return this.#process.env;
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  /** Which process it is, counted from 1. */
  get life(): number {
    return this.#life;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  /** Whether its line is cut, in one direction at least. */
  get deaf(): boolean {
    return this.weather.stalledUp > 0 || this.weather.stalledDown > 0;
  }

  /** Whether it can be heard now: it lives, runs, and its line is free. */
  get wellNow(): boolean {
    return this.alive && !this.#process.paused && !this.deaf;
  }

  /** When it could last not be heard, for whatever reason; the present while it lasts. Milliseconds since the beginning. */
  get troubledUntilMs(): number {
    return this.wellNow ? this.#troubledUntilMs : this.#parts.clock.nowMs;
  }

  /** A connection to the server, once there is one. */
  readonly connect = async (): Promise<Transport> => {
    const { client } = this.#parts;
    const process = this.#process;
    const transport = new SimulatedTransport(process.env, client, (end) => this.#dial(process, end));
    this.#transports.add(transport);
    await transport.connect();
    return transport;
  };

  start(): void {
    const { clock, random, skew, startMs, nextProcess, note, boot } = this.#parts;
    this.#life += 1;
    const own = random.fork(`life ${this.#life}`);
    const process = new SimulatedProcess(clock, nextProcess(), own, skew, startMs);
    this.#process = process;
    note(`${this.name} starts (life ${this.#life})`);
    process.input(clock.nowMs, () => {
      boot(this).then(
        () => note(`${this.name} is up (life ${this.#life})`),
        (error: unknown) => {
          if (this.#process !== process || !process.alive) return;
          note(`${this.name} could not start: ${error instanceof Error ? error.message : String(error)}`);
          this.kill(false);
          clock.schedule(clock.nowMs + bootAgainMs, () => this.#startUnlessAlive());
        },
      );
    });
  }

  #startUnlessAlive(): void {
    if (!this.alive) this.start();
  }

  /** Between two events: its timers, letters and promises come no more. */
  kill(silent: boolean): void {
    if (!this.alive) return;
    const { server, note, died } = this.#parts;
    note(`${this.name} dies (life ${this.#life}${silent ? ", silently" : ""})`);
    this.#process.kill();
    this.#pauses = 0;
    this.#trouble();
    for (const connection of this.#connections()) {
      if (!silent) connection.abandon();
      else connection.vanish();
      server.noticeLater(connection);
    }
    this.#transports.clear();
    died(this);
  }

  killAfter(steps: number, silent: boolean, restartAfterMs: number): void {
    const { clock } = this.#parts;
    this.#process.dieAfter(steps, () => {
      this.kill(silent);
      clock.schedule(clock.nowMs + restartAfterMs, () => this.#startUnlessAlive());
    });
  }

  pause(forMs: number): void {
    const { clock, note, server } = this.#parts;
    const process = this.#process;
    if (!process.alive) return;
    this.#pauses += 1;
    process.pause();
    note(`${this.name} stands still`);
    for (const connection of this.#connections()) server.noticeLater(connection);
    clock.schedule(clock.nowMs + forMs, () => {
      if (process !== this.#process || !process.alive || --this.#pauses > 0) return;
      note(`${this.name} goes on`);
      this.#trouble();
      process.resume();
    });
  }

  /** Changes the line's state; what it held goes on where it is free again. */
  change(what: string, change: () => void): void {
    const { note, server } = this.#parts;
    change();
    note(`${this.name}: ${what}`);
    this.#trouble();
    for (const connection of this.#connections()) connection.release();
    if (!this.deaf) return;
    for (const connection of this.#connections()) server.noticeLater(connection);
    for (const transport of this.#transports) transport.suspect(() => this.deaf);
  }

  reset(): void {
    const { server } = this.#parts;
    for (const connection of this.#connections()) server.cut(connection, "connection reset");
  }

  #connections(): readonly Connection[] {
    return this.#parts.server.connectionsOf(this.name);
  }

  #trouble(): void {
    this.#troubledUntilMs = this.#parts.clock.nowMs;
  }

  #dial(process: SimulatedProcess, end: ClientEnd): Promise<Connection | undefined> {
    const { clock, server, latencyMs, random } = this.#parts;
    return new Promise((resolve) => {
      if (this.deaf) return void process.env.setTimer(dialTimeoutMs, () => resolve(undefined));
      const handshakeMs = 2 * (random.between(...latencyMs) + this.weather.extraMs);
      process.input(clock.nowMs + handshakeMs, () =>
        resolve(server.up && !this.deaf ? server.accept(this.name, process, this.weather, end) : undefined),
      );
    });
  }
}
