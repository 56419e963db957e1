import type { Env } from "../env/env.ts";
import type { Agent } from "./agent.ts";

/** So long agents work before I/O gets its turn, in milliseconds. */
const sliceMs = 5;

/** The agents of a node: who has work, and who was last at it. */
export class ReadyAgents {
  readonly #env: Env;
  readonly #ready = new Set<Agent>();
  /** All in memory, the one that was idle for longest first. */
  readonly #byUse = new Set<Agent>();
  /** Of all in memory. */
  #bytes = 0;
  #scheduled = false;

  constructor(env: Env) {
    this.#env = env;
  }

  add(agent: Agent): void {
    this.#ready.add(agent);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#env.soon(() => this.#run());
  }

  touch(agent: Agent): void {
    this.#byUse.delete(agent);
    this.#byUse.add(agent);
  }

  delete(agent: Agent): void {
    this.#ready.delete(agent);
    if (this.#byUse.delete(agent)) this.#bytes -= agent.bytes;
  }

  sized(byBytes: number): void {
    this.#bytes += byBytes;
  }

  /** Lets those leave that rest, the idlest first, until they are few and small enough, or none rests. */
  evict(max: number, maxBytes: number): void {
    const tooMuch = (): boolean => this.#byUse.size > max || this.#bytes > maxBytes;
    if (!tooMuch()) return;
    for (const agent of [...this.#byUse]) {
      if (agent.resting) agent.leave();
      if (!tooMuch()) return;
    }
  }

  #run(): void {
    this.#scheduled = false;
    const untilMs = this.#env.monotonicMs() + sliceMs;
    for (const agent of this.#ready) {
      this.#ready.delete(agent);
      this.touch(agent);
      try {
        agent.pump();
      } catch (error) {
        agent.broke(error);
      }
      if (this.#env.monotonicMs() < untilMs || this.#ready.size === 0) continue;
      if (!this.#scheduled) this.#env.soon(() => this.#run());
      this.#scheduled = true;
      return;
    }
  }
}
