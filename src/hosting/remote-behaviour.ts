import type { AnyEventObject, Snapshot } from "xstate";
import type { Actors, AskLimits, Starting } from "../../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  fromWireError,
  type Protocol,
  toWireError,
} from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import type { Behaviour } from "../behaviour.ts";
import type { Timer } from "../env/env.ts";
import type { Node } from "../node.ts";
import type { HostCell, Verdict } from "../xstate/host.ts";
import { startProcess } from "./child-process.ts";
import type { Embedded, Ended } from "./embedded.ts";
import { HeapWatch } from "./heap-watch.ts";
import type { Hosting } from "./hosting.ts";
import { looseProtocol } from "./loose-protocol.ts";
import { plainError } from "./plain-error.ts";
import { Pulse } from "./pulse.ts";
import { startThread } from "./thread.ts";
import type { Cause, Report, Request, View, Word } from "./words.ts";

/** What a hosted actor's node side needs of its cell. */
export interface RemoteCell extends HostCell {
  readonly address: ActorAddress;
  readonly node: Node;
  readonly definition: ActorDefinition;
  readonly outcome: ActorOutcome | undefined;
  readonly actors: Actors;
  /** A turn answered "pending" is over: `run` does what it said, as a part of that turn. */
  complete(run: () => Verdict): void;
  endWith(outcome: ActorOutcome): void;
  finish(outcome: ActorOutcome): void;
  ask(
    cause: unknown,
    protocol: Protocol,
    to: ActorAddress,
    message: AnyEventObject,
    limits: AskLimits,
  ): Promise<unknown>;
}

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
  readonly #requests = new Map<number, AbortController>();
  #phase: "loading" | "idle" | "turning" | "ended" = "loading";
  #worker: Embedded | undefined;
  #pulse: Pulse | undefined;
  #heap: HeapWatch | undefined;
  #loadLimit: Timer | undefined;
  #view: View = { value: undefined, status: "active", starting: true, postponed: [] };

  constructor(hosting: Hosting, cell: RemoteCell, input: unknown) {
    this.#hosting = hosting;
    this.#cell = cell;
    this.#input = input;
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
    const { address, definition, env } = this.#cell;
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
      this.#loadLimit = env.setTimer(startMaxMs, () => this.#kill(late));
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
    this.#loadLimit?.cancel();
    for (const request of this.#requests.values()) request.abort();
    this.#requests.clear();
    const worker = this.#worker;
    if (worker === undefined) return;
    const { env, node } = this.#cell;
    if (!resting) worker.kill();
    else worker.post({ type: "stop" });
    const limit = resting ? env.setTimer(disposeMaxMs, () => worker.kill()) : undefined;
    const gone = worker.gone.then(() => {
      limit?.cancel();
      node.leaving.delete(gone);
    });
    node.leaving.add(gone);
  }

  persist(): unknown {
    return undefined;
  }

  // ---- what the worker says ----

  #heard(report: Report): void {
    if (this.#phase === "ended") return;
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
    const { turnMaxMs } = this.#hosting;
    this.#loadLimit?.cancel();
    this.#pulse = new Pulse(this.#cell.env, {
      turnMaxMs,
      ping: () => this.#worker?.post({ type: "ping", collect: false }),
      look: () => this.#heap?.sample(),
      late: (reason) => this.#kill(reason),
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

  #do(word: Word): unknown {
    const cell = this.#cell;
    switch (word.say) {
      case "begin":
        return cell.begin(word.cause);
      case "end":
        return this.#turned(word.view);
      case "view":
        this.#view = word.view;
        return;
      case "send":
        return cell.send(targetOf(word.target, word.event), word.event);
      case "emit":
        return cell.emit(word.event);
      case "log":
        return cell.log(word.args);
      case "lost":
        return cell.lost({ type: word.event }, word.target);
      case "withheld":
        return cell.withheld(word.kind, word.detail);
      case "effectFailed":
        return cell.effectFailed(fromWireError(word.error), word.what);
      case "done":
        return cell.done(word.output);
      case "failed":
        return cell.failed(fromWireError(word.error));
      case "stop":
        return cell.endWith({
          kind: "stopped",
          ...(word.reason === undefined ? {} : { reason: word.reason }),
        });
      case "request":
        return void this.#request(word.number, word.request);
      case "withdraw":
        return this.#requests.get(word.number)?.abort();
    }
  }

  #turned(view: View | undefined): void {
    const before = this.snapshot;
    if (view !== undefined) this.#view = view;
    this.#cell.end(before, view === undefined ? before : this.snapshot);
  }

  async #request(number: number, request: Request): Promise<void> {
    const controller = new AbortController();
    this.#requests.set(number, controller);
    const answer = await this.#carryOut(request, controller.signal).then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error: plainError(error) }),
    );
    if (!this.#requests.delete(number) || this.#phase === "ended") return;
    this.#worker?.post({ type: "answered", request: number, answer });
  }

  async #carryOut(request: Request, signal: AbortSignal): Promise<unknown> {
    const cell = this.#cell;
    switch (request.what) {
      case "ask": {
        const { cause, to, message, limits } = request;
        const protocol = looseProtocol(request.protocol, message.type, "question");
        return cell.ask(cause, protocol, to, message, { ...limits, signal });
      }
      case "startActor":
        return cell.actors.start({ ...(request.starting as unknown as Starting), signal });
      case "stopActor":
        return cell.actors.stop(...(request.args as Parameters<Actors["stop"]>));
    }
  }
}

function causeOf(cause: unknown): Cause | undefined {
  if (cause === undefined) return undefined;
  const { id, correlationId, deadlineMs, traceparent } = (cause as Cause).envelope;
  return { envelope: { id, correlationId, deadlineMs, traceparent } };
}

/** Protocols stay in the worker. */
function targetOf(target: unknown, event: AnyEventObject): unknown {
  if (typeof target !== "object" || target === null || !("$to" in target)) return target;
  const { $to, protocol } = target as { $to: string; protocol: string };
  return { $to, protocol: looseProtocol(protocol, event.type, "message") };
}
