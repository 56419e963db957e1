import { CoxswainError, quote } from "../../../protocols/index.ts";
import { applyFault } from "./apply-fault.ts";
import type { Fault } from "./faults.ts";
import type { DownFrame, UpFrame } from "./frames.ts";
import { type RandomStream, randomStream } from "./random.ts";
import type { LostWrites } from "./simulated-disk.ts";
import { SimulatedNode } from "./simulated-node.ts";
import { simulatedStartMs } from "./simulated-process.ts";
import { type ServerOptions, SimulatedServer } from "./simulated-server.ts";
import { type ClientOptions, clientDefaults } from "./simulated-transport.ts";
import { Trace } from "./trace.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: readonly string[];
  /** Called in each new process of a node. A process whose boot rejects ends, and is started again. */
  readonly boot: (node: SimulatedNode, world: World) => Promise<unknown>;
  readonly server?: Partial<ServerOptions>;
  readonly client?: Partial<ClientOptions>;
  /** How wrong the nodes' clocks may be. Default: 500 ms, and 2 percent. */
  readonly clocks?: { readonly wallMs?: number; readonly drift?: number };
  readonly traceLinesMax?: number;
  readonly startMs?: number;
}

/** What was promised does not hold. */
export interface BrokenPromise {
  /** The promise, in few words: what shrinking keeps the same. */
  readonly promise: string;
  readonly detail: string;
  readonly atMs: number;
}

export interface LostMessage {
  readonly subject: string;
  /** It was the server's word that nobody listened. */
  readonly unreachable: boolean;
}

const serverDefaults: ServerOptions = {
  latencyMs: [0.1, 3],
  flushedAfterMs: 1_000,
  staleMs: 10_000,
  pendingMax: 20_000,
  overtaking: 0.5,
  startMs: simulatedStartMs,
};

/** Several processes, one server, one clock, one seed. */
export class World {
  readonly clock: VirtualClock;
  readonly nodes: readonly SimulatedNode[];
  readonly trace: Trace;
  /** For the scenario's own choices. */
  readonly random: RandomStream;
  /** Messages on actors' inboxes, and answers to them, that got lost on the way. */
  lostMessages = 0;
  /** Writes that were acknowledged, and lost in a power cut, by the bucket's or the stream's name. */
  readonly forgottenWrites = new Map<string, number>();
  /** When that was. */
  readonly forgotAtMs: number[] = [];
  broken: BrokenPromise | undefined;
  readonly #server: SimulatedServer;
  readonly #listeners = new Set<(node: SimulatedNode) => void>();
  readonly #onLost = new Set<(message: LostMessage) => void>();
  readonly #onStored = new Set<(node: string, key: string) => void>();
  #processes = 0;

  constructor(options: WorldOptions) {
    const chance = randomStream(options.seed);
    this.trace = new Trace(options.traceLinesMax ?? 200);
    this.random = chance.fork("scenario");
    this.clock = new VirtualClock((event) => this.trace.tick(event.dueMs, event.owner?.number ?? 0));
    const { startMs = simulatedStartMs } = options;
    const server: ServerOptions = { ...serverDefaults, ...options.server, startMs };
    const note = (text: string): void => this.note(text);
    this.#server = new SimulatedServer({
      clock: this.clock,
      random: chance.fork("net"),
      options: server,
      note,
      stored: (node, key) => {
        for (const listener of this.#onStored) listener(node, key);
      },
      lost: (node, frame, why) => this.#lost(node, frame, why),
      forgot: (lost) => this.#forgot(lost),
    });
    const { wallMs = 500, drift = 0.02 } = options.clocks ?? {};
    const clocks = chance.fork("clocks");
    this.nodes = options.nodes.map((name) => {
      const skew = {
        wallMs: Math.round(clocks.between(-wallMs, wallMs)),
        drift: clocks.between(-drift, drift),
      };
      return new SimulatedNode(name, {
        clock: this.clock,
        server: this.#server,
        random: chance.fork(`node ${name}`),
        skew,
        client: { ...clientDefaults, ...options.client },
        latencyMs: server.latencyMs,
        startMs,
        nextProcess: () => ++this.#processes,
        note,
        boot: (node) => options.boot(node, this),
        died: (node) => {
          for (const listener of this.#listeners) listener(node);
        },
      });
    });
  }

  node(name: string): SimulatedNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    const names = this.nodes.map((node) => node.name).join(", ");
    throw new CoxswainError("OPTION_INVALID", `Expected one of the nodes ${names}, got ${quote(name)}`);
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  start(faults: readonly Fault[]): void {
    for (const node of this.nodes) node.start();
    const place = {
      clock: this.clock,
      server: this.#server,
      note: (text: string) => this.note(text),
      node: (name: string) => this.node(name),
    };
    for (const fault of faults) applyFault(fault, place);
  }

  /** A line in the trace, with the time. */
  note(text: string): void {
    this.trace.line(`${this.clock.nowMs.toFixed(3)} ${text}`);
  }

  /** Says that a promise does not hold, and ends the run. The first one counts. */
  fail(promise: string, detail: string): void {
    if (this.broken !== undefined) return;
    this.broken = { promise, detail, atMs: this.clock.nowMs };
    this.note(`broken: ${promise}: ${detail}`);
    this.clock.stop();
  }

  /** Calls after so long, whatever the nodes are doing. */
  after(delayMs: number, run: () => void): void {
    this.clock.schedule(this.clock.nowMs + delayMs, run);
  }

  /** Calls again and again, at uneven times around `everyMs`, for at most `forMs`. */
  every(everyMs: number, forMs: number, run: () => void): void {
    const untilMs = this.clock.nowMs + forMs;
    const again = (): void => {
      const delayMs = everyMs * this.random.between(0.5, 1.5);
      if (this.clock.nowMs + delayMs >= untilMs) return;
      this.after(delayMs, () => {
        run();
        again();
      });
    };
    again();
  }

  /** Calls whenever a process has died, before its name can be taken by another. */
  onDeath(listener: (node: SimulatedNode) => void): void {
    this.#listeners.add(listener);
  }

  /** Calls whenever the store has taken a key's value of a node. */
  onStored(listener: (node: string, key: string) => void): void {
    this.#onStored.add(listener);
  }

  /** Calls for each message that got lost on the way. */
  onLost(listener: (message: LostMessage) => void): void {
    this.#onLost.add(listener);
  }

  #forgot({ name, writes, gone }: LostWrites): void {
    if (this.forgotAtMs.at(-1) !== this.clock.nowMs) this.forgotAtMs.push(this.clock.nowMs);
    this.forgottenWrites.set(name, (this.forgottenWrites.get(name) ?? 0) + writes);
    this.note(gone ? `the server has lost ${name}` : `the server has lost ${writes} writes to ${name}`);
  }

  #lost(node: string, frame: UpFrame | DownFrame, why: string): void {
    if (frame.op === "queued") return this.note(`${node}: entry ${frame.entry.sequence} is lost: ${why}`);
    if (frame.op === "acknowledge")
      return this.note(`${node}: the acknowledgement of ${frame.sequence} is lost: ${why}`);
    if (frame.op !== "publish" && frame.op !== "message") return;
    this.lostMessages += 1;
    const unreachable = frame.op === "message" && frame.unreachable;
    for (const listener of this.#onLost) listener({ subject: frame.subject, unreachable });
    this.note(`${node}: ${frame.label} to ${frame.subject} is lost: ${why}`);
  }
}
