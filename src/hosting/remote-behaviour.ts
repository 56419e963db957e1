import type { AnyEventObject, Snapshot } from "xstate";
import { CoxswainError, toWireError } from "../../protocols/index.ts";
import type { Behaviour } from "../behaviour.ts";
import type { Verdict } from "../xstate/host.ts";
import { startProcess } from "./child-process.ts";
import type { Embedded, Ended } from "./embedded.ts";
import { Errands } from "./errands.ts";
import { HeapWatch } from "./heap-watch.ts";
import type { Hosting } from "./hosting.ts";
import { Pulse } from "./pulse.ts";
import { type RemoteCell, repeat } from "./remote-cell.ts";
import { startThread } from "./thread.ts";
import type { Cause, Report, View, Word } from "./words.ts";

/** How long a worker may take to dispose of its actor, in milliseconds, before it is killed. */
const disposeMaxMs = 1_000;

/**
 * An actor whose code runs in a worker thread or a child process. What it says in a turn comes when the turn is
 * over, and is done here then, in the same order; a turn that is killed has said nothing.
 *
 * - `loading`: the worker starts, loads the module and enters the first state.
 * - `idle`: a turn may be ordered.
 * - `turning`: a turn was ordered and is not over. Turns of its own (timers, calls) may come in between.
 * - `ended`: stopped or killed.
 */
export class RemoteBehaviour implements Behaviour {
  readonly #cell: RemoteCell;
  readonly #hosting: Hosting;
  readonly #input: unknown;
  readonly #errands: Errands;
  #phase: "loading" | "idle" | "turning" | "ended" = "loading";
  #worker: Embedded | undefined;
  #pulse: Pulse | undefined;
  #heap: HeapWatch | undefined;
  #view: View = { value: undefined, status: "active", starting: true, postponed: [] };

  constructor(hosting: Hosting, cell: RemoteCell, input: unknown) {
    this.#hosting = hosting;
    this.#cell = cell;
    this.#input = input;
    this.#errands = new Errands(cell, (answer) => this.#worker?.post(answer));
  }

  get snapshot(): Snapshot<unknown> {
    const { value, status } = this.#view;
    return { value, status, output: undefined, error: undefined } as never;
  }

  get starting(): boolean {
    return this.#phase === "loading" || this.#view.starting;
  }

  get busy(): boolean {
    return this.#phase === "loading" || this.#phase === "turning";
  }

  start(): void {
    const { address, definition } = this.#cell;
    const { module, name, heapMaxMb, startMaxMs } = this.#hosting;
    try {
      const open = this.#hosting.in === "thread" ? startThread : startProcess;
      const worker = open(address, this.#hosting, {
        onReport: (report) => this.#heard(report),
        onEnd: (ended) => this.#ended(ended),
      });
      this.#worker = worker;
      this.#heap = new HeapWatch(heapMaxMb, worker, () => this.#kill(`heap limit ${heapMaxMb} MB`));
      const late = `its start took longer than ${startMaxMs} ms`;
      this.#pulse = this.#watch(startMaxMs, () => this.#kill(late));
      this.#pulse.asked();
      const protocol = definition.protocol.tag;
      worker.post({ type: "begin", address, module, name, protocol, input: this.#input });
    } catch (error) {
      this.#cell.failed(error);
    }
  }

  receive(event: AnyEventObject): Verdict {
    return this.#order(event, false);
  }

  signal(event: AnyEventObject): Verdict {
    return this.#order(event, true);
  }

  #order(event: AnyEventObject, signal: boolean): Verdict {
    if (this.#phase === "ended") return "ended";
    try {
      this.#worker?.post({ type: "take", event, cause: causeOf(this.#cell.cause()), signal });
    } catch (error) {
      this.#cell.failed(error);
      return "taken";
    }
    this.#phase = "turning";
    this.#pulse?.asked();
    return "pending";
  }

  postpones(type: string): boolean {
    return this.#view.postponed.includes(type);
  }

  cancelCalls(id: string, reason: unknown): void {
    if (this.#phase !== "ended") this.#worker?.post({ type: "cancel", id, reason: toWireError(reason) });
  }

  stop(): void {
    if (this.#phase === "ended") return;
    const resting = this.#phase === "idle" && this.#pulse?.waiting !== true;
    this.#phase = "ended";
    this.#pulse?.close();
    this.#errands.close();
    const worker = this.#worker;
    if (worker === undefined) return;
    if (resting) worker.post({ type: "stop" });
    else worker.kill();
    const { leaving } = this.#cell.node;
    const gone = this.#gone(worker).then(() => void leaving.delete(gone));
    leaving.add(gone);
  }

  /** Sees to it that the worker goes. One that is deep in code of the system, not of JavaScript, is left behind. */
  #gone(worker: Embedded): Promise<void> {
    const { env, node, address } = this.#cell;
    return new Promise((resolve) => {
      const forsake = (): void => {
        node.report({ level: "warning", message: `The worker of ${address} does not end`, address });
        worker.forsake();
        resolve();
      };
      let limit = env.setTimer(disposeMaxMs, () => {
        worker.kill();
        limit = env.setTimer(disposeMaxMs, forsake);
      });
      void worker.gone.then(() => {
        limit.cancel();
        resolve();
      });
    });
  }

  persist(): unknown {
    return undefined;
  }

  // ---- what the worker says ----

  /** The actor's code could post here too: what it posts must not harm the node. */
  #heard(report: Report): void {
    try {
      if (this.#phase !== "ended") this.#take(report);
    } catch (cause) {
      const text = `${this.#cell.address}: what its worker says cannot be understood`;
      const error = toWireError(new CoxswainError("INVARIANT_BROKEN", text, { cause }));
      this.#cell.node.report({ level: "error", message: text, address: this.#cell.address, error: cause });
      this.#cell.finish({ kind: "failed", error });
    }
  }

  #take(report: Report): void {
    switch (report.type) {
      case "busy":
        return this.#pulse?.begun();
      case "pong":
        this.#pulse?.answered();
        if (this.#heap?.told(report.usedBytes, report.collected)) this.#ping(true);
        return;
      case "crashed":
        return this.#cell.finish({ kind: "failed", error: report.error });
      case "over":
        return this.#over(report);
    }
  }

  #over({ turn, verdict, words }: Report & { type: "over" }): void {
    if (turn === "own" || turn === "ordered") this.#pulse?.answered();
    if (turn === "own" || turn === "loose") return this.#replay(words);
    if (turn === "start") this.#up();
    this.#phase = "idle";
    this.#cell.complete(() => {
      this.#replay(words);
      return verdict;
    });
  }

  #up(): void {
    this.#pulse?.close();
    this.#pulse = this.#watch(this.#hosting.turnMaxMs, (reason) => this.#kill(reason));
  }

  #watch(turnMaxMs: number, late: (reason: string) => void): Pulse {
    return new Pulse(this.#cell.env, {
      turnMaxMs,
      ping: () => this.#worker?.post({ type: "ping", collect: false }),
      // While it loads, V8's own limit has to do.
      look: () => this.#phase !== "loading" && this.#heap?.sample(),
      late,
    });
  }

  #ping(collect: boolean): void {
    this.#pulse?.asked();
    this.#worker?.post({ type: "ping", collect });
  }

  #kill(reason: string): void {
    this.#cell.finish({ kind: "killed", reason });
  }

  #ended(ended: Ended): void {
    if (this.#phase === "ended") return;
    if (ended.kind === "heap") this.#kill(`heap limit ${this.#hosting.heapMaxMb} MB`);
    else this.#cell.finish({ kind: "failed", error: ended.error });
  }

  /** Does what the actor said, as if it said it now. */
  #replay(words: readonly Word[]): void {
    for (const word of words) {
      if (this.#cell.outcome !== undefined) return;
      this.#do(word);
    }
  }

  #do(word: Word): void {
    switch (word.say) {
      case "begin":
        return void this.#cell.begin(word.cause);
      case "end":
        return this.#turned(word.view);
      case "view":
        this.#view = word.view;
        return;
      case "request":
        return void this.#errands.run(word.number, word.request);
      case "withdraw":
        return this.#errands.withdraw(word.number);
      default:
        return repeat(word, this.#cell);
    }
  }

  #turned(view: View | undefined): void {
    const before = this.snapshot;
    if (view !== undefined) this.#view = view;
    this.#cell.end(before, view === undefined ? before : this.snapshot);
  }
}

function causeOf(cause: unknown): Cause | undefined {
  if (cause === undefined) return undefined;
  const { id, correlationId, deadlineMs, traceparent } = (cause as Cause).envelope;
  return { envelope: { id, correlationId, deadlineMs, traceparent } };
}
