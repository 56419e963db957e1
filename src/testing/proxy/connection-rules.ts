import type { Env, Timer } from "../../env/env.ts";
import type { FrameDirection } from "./frame.ts";
import type { Cut, Lane } from "./lane.ts";
import type { Connection, ProxiedConnection } from "./proxied-connection.ts";
import type { Reports } from "./reports.ts";
import { Rule, type RuleOwner } from "./rule.ts";

/** Which connections a fault is for; default all. */
export type ConnectionPredicate = (connection: ProxiedConnection) => boolean;

export interface ConnectionRuleWorld extends RuleOwner {
  readonly reports: Reports;
  readonly env: Env;
}

/** For how many connections, and which. */
export interface ConnectionSetting {
  readonly times: number;
  readonly which: ConnectionPredicate | undefined;
}

/** A fault of whole connections. It is offered those that are open, then each new one. */
export abstract class ConnectionRule extends Rule<ProxiedConnection> {
  protected readonly reports: Reports;
  readonly #which: ConnectionPredicate | undefined;

  constructor(name: string, { times, which }: ConnectionSetting, world: ConnectionRuleWorld) {
    super(name, times, world);
    this.reports = world.reports;
    this.#which = which;
  }

  /** Whether it is for this connection. A predicate that throws ends its rule. */
  protected wants(connection: ProxiedConnection): boolean {
    if (!this.open) return false;
    try {
      return this.#which?.(connection) ?? true;
    } catch (thrown) {
      const text = `the predicate of "${this.name}" threw: ${String(thrown)}`;
      this.reports.add("problem", connection.number, text);
      this.fail(thrown);
      return false;
    }
  }

  protected say(connection: ProxiedConnection, text: string): void {
    this.reports.add("fault", connection.number, text);
  }

  abstract offer(connection: Connection): void;
}

/** Resets a connection when so many bytes have been handed on since the rule, or the connection, began. */
export class ResetAfter extends ConnectionRule {
  readonly #bytes: number;
  readonly #direction: FrameDirection;
  readonly #cuts = new Map<Cut, Lane>();

  constructor(
    bytes: number,
    direction: FrameDirection,
    setting: ConnectionSetting,
    world: ConnectionRuleWorld,
  ) {
    super("resetAfter", setting, world);
    this.#bytes = bytes;
    this.#direction = direction;
  }

  offer(connection: Connection): void {
    if (!this.wants(connection)) return;
    const lane = connection.laneOf(this.#direction);
    const cut: Cut = {
      leftBytes: this.#bytes,
      reached: () => {
        this.#cuts.delete(cut);
        return this.#reach(connection);
      },
    };
    this.#cuts.set(cut, lane);
    lane.onEnd(() => void this.#cuts.delete(cut));
    lane.cutAt(cut);
  }

  #reach(connection: Connection): () => void {
    this.act(connection);
    this.reports.counters.resets++;
    this.say(connection, `reset after ${this.#bytes} bytes ${this.#direction}`);
    // The others, which were as near, go on.
    if (!this.open) this.release();
    return () => connection.cutOff();
  }

  release(): number {
    for (const [cut, lane] of this.#cuts) lane.uncut(cut);
    this.#cuts.clear();
    return 0;
  }
}

/** Bytes stop; the connection stays. */
export class Stall extends ConnectionRule {
  readonly #directions: readonly FrameDirection[];
  readonly #stalled = new Set<Connection>();
  readonly #env: Env;
  #timer: Timer | undefined;

  constructor(directions: readonly FrameDirection[], setting: ConnectionSetting, world: ConnectionRuleWorld) {
    super("stall", setting, world);
    this.#env = world.env;
    this.#directions = directions;
  }

  offer(connection: Connection): void {
    if (!this.wants(connection)) return;
    for (const direction of this.#directions) connection.laneOf(direction).stall();
    this.#stalled.add(connection);
    this.reports.counters.stalls++;
    this.say(connection, `stalled ${this.#directions.join(" and ")}`);
    this.act(connection);
  }

  /** Closes it after a while. */
  endAfter(forMs: number): void {
    this.#timer = this.#env.setTimer(forMs, () => this.close());
  }

  override close(): void {
    this.#timer?.cancel();
    super.close();
  }

  release(): number {
    const stalled = [...this.#stalled].filter((connection) => connection.open);
    this.#stalled.clear();
    for (const connection of stalled) {
      for (const direction of this.#directions) connection.laneOf(direction).unstall();
    }
    return stalled.length;
  }
}

/** One side of a connection is gone, and the other is not told. */
export class HalfOpen extends ConnectionRule {
  readonly #keeps: "client" | "server";

  constructor(keeps: "client" | "server", setting: ConnectionSetting, world: ConnectionRuleWorld) {
    super("halfOpen", setting, world);
    this.#keeps = keeps;
  }

  offer(connection: Connection): void {
    if (!this.wants(connection)) return;
    this.reports.counters.halfOpened++;
    this.say(connection, `half open: only the ${this.#keeps}'s side is left`);
    connection.halfOpen(this.#keeps);
    this.act(connection);
  }

  release(): number {
    return 0;
  }
}

/** New connections are reset before a byte. */
export class Refuse extends ConnectionRule {
  constructor(times: number, world: ConnectionRuleWorld) {
    super("refuse", { times, which: undefined }, world);
  }

  offer(): void {}

  /** @returns whether the connection with this number is refused */
  refuses(number: number): boolean {
    if (!this.open) return false;
    this.reports.counters.refused++;
    const connection = { number, name: undefined, open: false, bytesToServer: 0, bytesToClient: 0 };
    this.say(connection, "refused");
    this.act(connection);
    return true;
  }

  release(): number {
    return 0;
  }
}
