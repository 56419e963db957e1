import { type EventFromLogic, initialTransition, type SnapshotFrom, transition } from "xstate";
import { type CarriedOut, type Plan, type SupervisorInput, supervisorMachine } from "../../machines/index.ts";
import type { ActorAddress, ActorOutcome } from "../../protocols/index.ts";

type SupervisorSnapshot = SnapshotFrom<typeof supervisorMachine>;
type SupervisorEvent = EventFromLogic<typeof supervisorMachine>;

export const boom: ActorOutcome = { kind: "failed", error: { code: "ACTOR_FAILED", message: "boom" } };

/** What becomes of a start. */
export type Start = "up" | "fails" | "declines";

/**
 * The supervisor's machine without a runtime: this plays its hands and its children, one step of a plan at
 * a time, on a clock of its own, and writes down what happened. Nothing goes on unless it is told to.
 */
export class Rehearsal {
  snapshot!: SupervisorSnapshot;
  nowMs = 0;
  /** The children that run, with their activations. */
  readonly running = new Map<ActorAddress, string>();
  /** `start a`, `stop a`, `fail a`, and facts: `restarted a`. */
  readonly story: string[] = [];
  readonly facts: { readonly type: string; readonly [more: string]: unknown }[] = [];
  readonly answers: unknown[] = [];
  /** When each plan to restart began. */
  readonly restartsAtMs: number[] = [];
  gaveUpAtMs: number | undefined;
  /** What the supervisor said of itself at its end. */
  readonly lastWords: { readonly type: string; readonly reason?: string | undefined }[] = [];
  readonly timers: { readonly dueMs: number; readonly event: SupervisorEvent }[] = [];
  readonly plans: Plan[] = [];
  #lives = 0;
  #hands: Hands | undefined;

  constructor(input: SupervisorInput) {
    this.#take(initialTransition(supervisorMachine, input));
  }

  /** `supervising.idle` */
  get state(): string {
    const path = (value: unknown): string =>
      typeof value === "string"
        ? value
        : Object.entries(value as object)
            .map(([key, inner]) => `${key}.${path(inner)}`)
            .join();
    return path(this.snapshot.value);
  }

  get over(): boolean {
    return this.snapshot.status !== "active";
  }

  get busy(): boolean {
    return this.#hands !== undefined;
  }

  send(event: SupervisorEvent): void {
    const before = this.#hands?.plan;
    this.#take(transition(supervisorMachine, this.snapshot, event), before);
  }

  ask(event: { readonly type: string; readonly [more: string]: unknown }): unknown {
    this.send({ ...event, replyTo: { $replyTo: "asker", question: "q-1" } } as never);
    return this.answers.at(-1);
  }

  /** A child ends by itself. */
  end(address: string, outcome: ActorOutcome = boom): void {
    const activation = this.running.get(address as ActorAddress);
    if (activation === undefined) return;
    this.running.delete(address as ActorAddress);
    this.story.push(`end ${idOf(address)}`);
    const known = { address: address as ActorAddress, activation, outcome };
    this.send({ type: "coxswain.down", ...known, atMs: this.nowMs, chance: 0.5 });
  }

  shutdown(reason = "asked"): void {
    this.send({ type: "coxswain.shutdown", reason });
  }

  /** One step of the plan at hand; its end is a step too. */
  step(start: Start = "up"): void {
    const hands = this.#hands;
    if (hands === undefined) return;
    const { plan, result } = hands;
    if (hands.halted || result.failed !== undefined) return this.#finish();
    const stop = plan.stop[hands.stops];
    if (stop !== undefined) {
      hands.stops++;
      const outcome: ActorOutcome = { kind: "stopped" };
      // A child that ended meanwhile was told of, and is stopped already.
      if (this.running.get(stop.address) === stop.activation) this.running.delete(stop.address);
      this.story.push(`stop ${idOf(stop.address)}`);
      result.stopped.push({ address: stop.address, outcome });
      return;
    }
    const next = plan.start[hands.starts++];
    if (next === undefined) return this.#finish();
    const { address } = next;
    this.story.push(`${start === "up" ? "start" : start === "fails" ? "fail" : "decline"} ${idOf(address)}`);
    if (start === "fails") {
      const error = { code: "ACTOR_FAILED", message: "no start" };
      result.failed = { address, error };
    } else if (start === "declines") {
      result.ignored.push(address);
    } else {
      const activation = `life-${this.#lives++}`;
      this.running.set(address, activation);
      result.started.push({ address, activation });
    }
  }

  /** The rest of the plan at hand. */
  carryOut(...starts: readonly Start[]): this {
    const plan = this.#hands?.plan;
    const coming = [...starts];
    while (this.#hands !== undefined && this.#hands.plan === plan) {
      const starting = this.#hands.stops >= this.#hands.plan.stop.length;
      this.step(starting ? (coming.shift() ?? "up") : "up");
    }
    return this;
  }

  /** Lets the earliest timer go off. */
  ring(): void {
    this.timers.sort((a, b) => a.dueMs - b.dueMs);
    const timer = this.timers.shift();
    if (timer === undefined) return;
    this.nowMs = Math.max(this.nowMs, timer.dueMs);
    this.send(timer.event);
  }

  takeStory(): string[] {
    return this.story.splice(0);
  }

  #finish(): void {
    const hands = this.#hands as Hands;
    this.#hands = undefined;
    const { result, halted } = hands;
    this.send({ type: "carriedOut", ...result, halted, atMs: this.nowMs, chance: 0.5 });
  }

  #take([snapshot, actions]: readonly [SupervisorSnapshot, readonly unknown[]], before?: Plan): void {
    this.snapshot = snapshot;
    for (const action of actions) this.#act(action as Acting);
    const { work } = snapshot.context;
    const atIt = snapshot.children.hands !== undefined && snapshot.status === "active";
    if (!atIt || work === undefined || work.plan === before) return;
    const result = { stopped: [], started: [], ignored: [] };
    this.#hands = { plan: work.plan, stops: 0, starts: 0, result, halted: false };
    this.plans.push(work.plan);
    if (work.for === "restart") this.restartsAtMs.push(this.nowMs);
  }

  #act({ type, params = {} }: Acting): void {
    const { event, delay, to } = params;
    if (type === "xstate.raise" && delay !== undefined)
      this.timers.push({ dueMs: this.nowMs + delay, event: event as SupervisorEvent });
    if (type === "xstate.emit" && event !== undefined) {
      this.facts.push(event);
      if (event.type === "gaveUp") this.gaveUpAtMs = this.nowMs;
      this.story.push(`${event.type} ${String(event.child)}`);
    }
    if (type !== "xstate.sendTo" || event === undefined) return;
    if (event.type === "answer") this.answers.push(event.value);
    else if (event.type === "halt" && this.#hands !== undefined) this.#hands.halted = true;
    else if (typeof to === "object" && "$self" in to) this.lastWords.push(event);
  }
}

interface Hands {
  readonly plan: Plan;
  stops: number;
  starts: number;
  readonly result: {
    readonly stopped: CarriedOut["stopped"][number][];
    readonly started: CarriedOut["started"][number][];
    readonly ignored: ActorAddress[];
    failed?: NonNullable<CarriedOut["failed"]>;
  };
  halted: boolean;
}

interface Acting {
  readonly type: string;
  readonly params?: {
    readonly event?: { readonly type: string; readonly [more: string]: unknown };
    readonly delay?: number;
    readonly to?: object;
  };
}

function idOf(address: string): string {
  return address.slice(address.lastIndexOf(".") + 1);
}
