import { setTimeout as pause } from "node:timers/promises";
import { type Child, type ChildOptions, startChild } from "./child.ts";
import type { Namespace } from "./namespace.ts";
import type { NodeOptions } from "./node-options.ts";

/** One node of the run, through all its lives. */
export class FleetNode implements AsyncDisposable {
  readonly name: string;
  /** Undefined where it lives with the others. */
  readonly namespace: Namespace | undefined;
  readonly #options: NodeOptions;
  readonly #childOptions: ChildOptions;
  readonly #onProblem: (text: string) => void;
  #child: Child | undefined;
  #wanted = true;
  #closed = false;

  constructor(
    options: NodeOptions,
    childOptions: ChildOptions,
    namespace: Namespace | undefined,
    onProblem: (text: string) => void,
  ) {
    this.name = options.node;
    this.namespace = namespace;
    this.#options = options;
    this.#childOptions = childOptions;
    this.#onProblem = onProblem;
  }

  /** Whether it runs, and is part of the system. */
  get up(): boolean {
    return this.#child?.alive === true;
  }

  /**
   * Starts it, again and again where it cannot join just now. Resolves when it is up, or is not wanted any more.
   *
   * @throws Error after so many attempts
   */
  async start(attemptsMax = Number.POSITIVE_INFINITY): Promise<void> {
    this.#wanted = true;
    for (let attempts = 1; this.#wanted && !this.#closed && !this.up; attempts++) {
      if (attempts > attemptsMax)
        throw new Error(`Node ${this.name} does not come up; ${this.#childOptions.logFile} says why`);
      const child = startChild("fleet/node-program.ts", [JSON.stringify(this.#options)], this.#childOptions);
      this.#child = child;
      const joined = await child.next("ready").then(
        () => true,
        () => false,
      );
      if (!joined) await pause(200);
      else void child.exited.then(() => this.#ended(child));
    }
  }

  /** Resolves when its process is gone. */
  async kill(): Promise<void> {
    this.#wanted = false;
    this.#child?.signal("SIGKILL");
    await this.#child?.exited;
  }

  /** Asks it to end in order; kills it where it has not ended in time. */
  async leave(withinMs: number): Promise<void> {
    this.#wanted = false;
    this.#child?.signal("SIGTERM");
    const inTime = await Promise.race([
      this.#child?.exited.then(() => true),
      pause(withinMs, false, { ref: false }),
    ]);
    if (inTime === false) await this.kill();
  }

  /** @returns how it goes on: it, and no later life of the node. */
  stop(): () => void {
    const child = this.#child;
    child?.signal("SIGSTOP");
    return () => child?.signal("SIGCONT");
  }

  jumpClock(byMs: number): void {
    this.#child?.send({ type: "clock", byMs });
  }

  /** Nobody asked it to. */
  #ended(child: Child): void {
    if (this.#child !== child || !this.#wanted || this.#closed) return;
    this.#onProblem(`node ${this.name} ended by itself; ${this.#childOptions.logFile} says why`);
    void this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.kill();
  }
}
