import type { Env, Timer } from "../../env/env.ts";
import { describeFrame, type Frame } from "./frame.ts";
import type { Lane } from "./lane.ts";
import type { FramePredicate } from "./predicates.ts";
import type { Reports } from "./reports.ts";
import { Rule, type RuleOwner } from "./rule.ts";

/** What a rule does with a frame. */
export type FrameFault =
  | { readonly kind: "drop" }
  | { readonly kind: "hold"; readonly forMs: number | undefined }
  | { readonly kind: "duplicate"; readonly copies: number }
  | { readonly kind: "delay"; readonly byMs: number }
  | { readonly kind: "reset" };

interface Held {
  readonly lane: Lane;
  readonly bytes: Buffer;
  timer: Timer | undefined;
  forget: () => void;
}

export class FrameRule extends Rule<Frame> {
  readonly #fault: FrameFault;
  readonly #predicate: FramePredicate;
  readonly #reports: Reports;
  readonly #env: Env;
  readonly #held = new Set<Held>();

  constructor(
    fault: FrameFault,
    predicate: FramePredicate,
    times: number,
    world: RuleOwner & { readonly reports: Reports; readonly env: Env },
  ) {
    super(fault.kind, times, world);
    this.#fault = fault;
    this.#predicate = predicate;
    this.#reports = world.reports;
    this.#env = world.env;
  }

  /** A predicate that throws ends its rule, and the frame goes on. */
  matches(frame: Frame): boolean {
    if (!this.open) return false;
    try {
      return this.#predicate(frame);
    } catch (thrown) {
      this.#reports.add(
        "problem",
        frame.connection,
        `the predicate of "${this.name}" threw: ${String(thrown)}`,
      );
      this.fail(thrown);
      return false;
    }
  }

  /** Does to the frame what is to be done; nobody else sees it. */
  take(frame: Frame, bytes: Buffer, lane: Lane): void {
    this.act(frame);
    const { counters } = this.#reports;
    const fault = this.#fault;
    this.#reports.add("fault", frame.connection, `${fault.kind} #${this.count}: ${describeFrame(frame)}`);
    switch (fault.kind) {
      case "drop":
        counters.dropped++;
        return;
      case "hold":
        return this.#hold(bytes, lane, fault.forMs);
      case "duplicate":
        counters.duplicated += fault.copies;
        for (let i = 0; i <= fault.copies; i++) lane.send(bytes);
        return;
      case "delay":
        counters.delayed++;
        // A copy, for a view would keep the whole chunk it came in.
        lane.send(Buffer.from(bytes), fault.byMs);
        return;
      case "reset":
        counters.resets++;
        return lane.cutOff();
    }
  }

  #hold(bytes: Buffer, lane: Lane, forMs: number | undefined): void {
    if (!lane.reserve(bytes.length)) return;
    this.#reports.counters.held++;
    const held: Held = { lane, bytes: Buffer.from(bytes), timer: undefined, forget: () => {} };
    if (forMs !== undefined) held.timer = this.#env.setTimer(forMs, () => this.#letGo(held));
    held.forget = lane.onEnd(() => this.#lost(held));
    this.#held.add(held);
  }

  release(): number {
    let released = 0;
    for (const held of [...this.#held]) if (this.#letGo(held)) released++;
    return released;
  }

  #letGo(held: Held): boolean {
    const { lane, bytes, timer, forget } = held;
    timer?.cancel();
    // Let go, or lost, before.
    if (!this.#held.delete(held)) return false;
    forget();
    lane.reserve(-bytes.length);
    if (!lane.send(bytes)) {
      this.#reports.counters.heldLost++;
      return false;
    }
    this.#reports.counters.released++;
    lane.pump();
    return true;
  }

  #lost(held: Held): void {
    if (!this.#held.delete(held)) return;
    held.timer?.cancel();
    this.#reports.counters.heldLost++;
  }
}
