import { quote } from "../../../protocols/index.ts";
import type { Env } from "../../env/env.ts";
import { numberOption, optionError } from "../../transport/options.ts";
import {
  type ConnectionPredicate,
  type ConnectionRule,
  type ConnectionSetting,
  HalfOpen,
  Refuse,
  ResetAfter,
  Stall,
} from "./connection-rules.ts";
import type { Frame, FrameDirection } from "./frame.ts";
import { type FrameFault, FrameRule } from "./frame-rules.ts";
import type { FramePredicate } from "./predicates.ts";
import type { Connection, ProxiedConnection } from "./proxied-connection.ts";
import {
  directionOption,
  durationOption,
  predicateOption,
  ruleOptions,
  timesOption,
} from "./proxy-options.ts";
import type { Reports } from "./reports.ts";
import type { ProxyRule, Rule, RuleOwner } from "./rule.ts";

/** How often a rule acts; default once. `Infinity` until it is closed. */
export interface Times {
  readonly times?: number;
}

/** For which connections; default all, those that are open and those to come. */
export interface Which extends Times {
  readonly which?: ConnectionPredicate;
}

/** The faults. Of several rules that would take a frame, the one made first does, alone. All throw OPTION_INVALID. */
export interface ProxyFaults {
  /** The frame never arrives, and the connection goes on: what a NATS client or server never sees but in a fault. */
  drop(predicate: FramePredicate, options?: Times): ProxyRule<Frame>;
  /** The frame waits, until `release` or for `forMs`, and others of its connection overtake it. */
  hold(predicate: FramePredicate, options?: Times & { readonly forMs?: number }): ProxyRule<Frame>;
  /** The frame arrives again, `copies` times (default 1), at once. */
  duplicate(predicate: FramePredicate, options?: Times & { readonly copies?: number }): ProxyRule<Frame>;
  /** The frame comes later, and so does what is behind it in its direction, as on a slow link: the order stays. */
  delay(predicate: FramePredicate, options: Times & { readonly byMs: number }): ProxyRule<Frame>;
  /** The connection is reset in the frame's place, on both sides. */
  resetAt(predicate: FramePredicate, options?: Times): ProxyRule<Frame>;
  /**
   * The connection is reset, on both sides, when exactly `bytes` have been handed on, and the system has taken them, in a direction (default `toServer`):
   * counted from now on an open connection, from its beginning on a new one. `times` connections; default one, the first
   * to get so far.
   */
  resetAfter(
    bytes: number,
    options?: Which & { readonly direction?: FrameDirection },
  ): ProxyRule<ProxiedConnection>;
  /**
   * Bytes stop, in a direction or (default) both, and no side is told anything, not even that the other has gone.
   * Ends with `release` (those that stand now), `close` or after `forMs`. Default: every connection.
   */
  stall(
    options?: Which & { readonly direction?: FrameDirection; readonly forMs?: number },
  ): ProxyRule<ProxiedConnection>;
  /**
   * One side is gone, and the other is not told: what it sends is taken and lost. `keeps` says which side is left: the
   * `client` (default; the server has forgotten it) or the `server` (the client's machine has died). Default: every
   * connection that is open, none to come.
   */
  halfOpen(options?: Which & { readonly keeps?: "client" | "server" }): ProxyRule<ProxiedConnection>;
  /** New connections are accepted and reset before a byte. Default: all, until it is closed. */
  refuse(options?: Times): ProxyRule<ProxiedConnection>;
  /** Ends every open connection, by a reset (default) or in order. @returns how many */
  closeAll(how?: "reset" | "end"): number;
}

/** Makes rules and keeps those that are open. */
export abstract class FaultDesk implements ProxyFaults, RuleOwner {
  /** In the order they were made. */
  readonly frameRules = new Set<FrameRule>();
  readonly reports: Reports;
  readonly env: Env;
  readonly #connectionRules = new Set<ConnectionRule>();

  constructor(reports: Reports, env: Env) {
    this.reports = reports;
    this.env = env;
  }

  abstract readonly connections: readonly Connection[];

  drop(predicate: FramePredicate, options: Times = {}): ProxyRule<Frame> {
    const { times } = ruleOptions("drop", options, []);
    return this.#addFrameRule({ kind: "drop" }, predicate, times);
  }

  hold(predicate: FramePredicate, options: Times & { forMs?: number } = {}): ProxyRule<Frame> {
    const { times, forMs } = ruleOptions("hold", options, ["forMs"]);
    return this.#addFrameRule({ kind: "hold", forMs: durationOption("forMs", forMs) }, predicate, times);
  }

  duplicate(predicate: FramePredicate, options: Times & { copies?: number } = {}): ProxyRule<Frame> {
    const { times, copies } = ruleOptions("duplicate", options, ["copies"]);
    const fault = { kind: "duplicate", copies: numberOption("copies", copies, 1, 1, copiesMax) } as const;
    return this.#addFrameRule(fault, predicate, times);
  }

  delay(predicate: FramePredicate, options: Times & { byMs: number }): ProxyRule<Frame> {
    const { times, byMs } = ruleOptions("delay", options ?? {}, ["byMs"]);
    if (byMs === undefined) throw optionError("Expected delay to be given byMs, got none");
    return this.#addFrameRule({ kind: "delay", byMs: numberOption("byMs", byMs, 0, 0) }, predicate, times);
  }

  resetAt(predicate: FramePredicate, options: Times = {}): ProxyRule<Frame> {
    const { times } = ruleOptions("resetAt", options, []);
    return this.#addFrameRule({ kind: "reset" }, predicate, times);
  }

  resetAfter(
    bytes: number,
    options: Which & { direction?: FrameDirection } = {},
  ): ProxyRule<ProxiedConnection> {
    const { direction } = ruleOptions("resetAfter", options, ["which", "direction"]);
    if (bytes === undefined) throw optionError("Expected resetAfter to be given a number of bytes, got none");
    const count = numberOption("bytes", bytes, 0, 0);
    const way = directionOption(direction, "toServer");
    return this.#addConnectionRule(new ResetAfter(count, way, settingOf(options, 1), this));
  }

  stall(options: Which & { direction?: FrameDirection; forMs?: number } = {}): ProxyRule<ProxiedConnection> {
    const { direction } = ruleOptions("stall", options, ["which", "direction", "forMs"]);
    const ways = direction === undefined ? bothWays : [directionOption(direction, "toServer")];
    const forMs = durationOption("forMs", options.forMs);
    const rule = new Stall(ways, settingOf(options, Number.POSITIVE_INFINITY), this);
    this.#addConnectionRule(rule);
    if (forMs !== undefined) rule.endAfter(forMs);
    return rule;
  }

  halfOpen(options: Which & { keeps?: "client" | "server" } = {}): ProxyRule<ProxiedConnection> {
    const { keeps = "client" } = ruleOptions("halfOpen", options, ["which", "keeps"]);
    if (keeps !== "client" && keeps !== "server") {
      throw optionError(`Expected keeps to be "client" or "server", got ${quote(keeps)}`);
    }
    const rule = new HalfOpen(keeps, settingOf(options, Number.POSITIVE_INFINITY), this);
    this.#addConnectionRule(rule);
    rule.close();
    return rule;
  }

  refuse(options: Times = {}): ProxyRule<ProxiedConnection> {
    const { times } = ruleOptions("refuse", options, []);
    return this.#addConnectionRule(new Refuse(timesOption(times, Number.POSITIVE_INFINITY), this));
  }

  closeAll(how: "reset" | "end" = "reset"): number {
    if (how !== "reset" && how !== "end") {
      throw optionError(`Expected closeAll to be given "reset" or "end", got ${quote(how)}`);
    }
    const { connections } = this;
    for (const connection of connections) {
      this.reports.add("fault", connection.number, how === "reset" ? "reset" : "ended in order");
      if (how === "reset") this.reports.counters.resets++;
      if (how === "reset") connection.cutOff();
      else connection.end();
    }
    return connections.length;
  }

  exhausted(rule: Rule<unknown>): void {
    // A stall may have a timer that is to be cancelled with the proxy.
    if (!(rule instanceof Stall)) this.closed(rule);
  }

  closed(rule: Rule<unknown>): void {
    this.frameRules.delete(rule as FrameRule);
    this.#connectionRules.delete(rule as ConnectionRule);
  }

  /** Has every rule look at a connection that has just come. @returns whether it is refused instead */
  protected refuses(number: number): boolean {
    for (const rule of this.#connectionRules) if (rule instanceof Refuse && rule.refuses(number)) return true;
    return false;
  }

  protected offer(connection: Connection): void {
    for (const rule of [...this.#connectionRules]) rule.offer(connection);
  }

  protected closeRules(): void {
    for (const rule of [...this.frameRules, ...this.#connectionRules]) rule.close();
  }

  #addFrameRule(fault: FrameFault, predicate: FramePredicate, times: number | undefined): FrameRule {
    const rule = new FrameRule(fault, predicateOption(fault.kind, predicate), timesOption(times, 1), this);
    this.frameRules.add(rule);
    return rule;
  }

  #addConnectionRule<T extends ConnectionRule>(rule: T): T {
    this.#connectionRules.add(rule);
    for (const connection of this.connections) rule.offer(connection);
    return rule;
  }
}

const copiesMax = 1_000;
const bothWays: readonly FrameDirection[] = ["toServer", "toClient"];

function settingOf({ times, which }: Which, timesDefault: number): ConnectionSetting {
  return {
    times: timesOption(times, timesDefault),
    which: which === undefined ? undefined : predicateOption("which", which),
  };
}
