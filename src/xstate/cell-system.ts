import type { AnyEventObject, InspectionEvent, Observer, Subscription } from "xstate";
import { hostKey } from "../../machines/index.ts";
import { adopt } from "./internals.ts";
import type { LocalActor, TreeHost } from "./tree-host.ts";

/**
 * The actor system of one tree, and the parent its root believes to have. With a parent, XState
 * makes no system of its own, and hands us done and error instead of throwing on a later tick.
 */
export class CellSystem {
  readonly host: TreeHost;
  #booked = 0;
  #names: Map<string, LocalActor> | undefined;
  #inspectors: Set<Observer<InspectionEvent>> | undefined;

  constructor(host: TreeHost) {
    this.host = host;
  }

  get system(): this {
    return this;
  }
  get scheduler(): this {
    return this;
  }
  get [hostKey](): TreeHost {
    return this.host;
  }
  get id(): string {
    return "cell";
  }
  get sessionId(): string {
    return "cell";
  }
  get _logger(): (...args: unknown[]) => void {
    return (...args) => this.host.logged(args);
  }
  get _clock(): undefined {
    return undefined;
  }

  _bookId(): string {
    return `x:${this.#booked++}`;
  }
  _register(sessionId: string): string {
    return sessionId;
  }
  _unregister(actor: LocalActor): void {
    if (actor.systemId !== undefined && this.#names?.get(actor.systemId) === actor) {
      this.#names.delete(actor.systemId);
    }
  }
  _set(name: string, actor: LocalActor): void {
    this.#names ??= new Map();
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== actor) {
      throw new Error(`Actor with system ID '${name}' already exists.`);
    }
    this.#names.set(name, actor);
  }
  get(name: string): LocalActor | undefined {
    return this.#names?.get(name);
  }
  getAll(): Record<string, LocalActor> {
    return Object.fromEntries(this.#names ?? []);
  }

  get inspected(): boolean {
    return this.#inspectors !== undefined && this.#inspectors.size > 0;
  }
  inspect(inspector: Observer<InspectionEvent> | ((event: InspectionEvent) => void)): Subscription {
    const observer = typeof inspector === "function" ? { next: inspector } : inspector;
    this.#inspectors ??= new Set();
    this.#inspectors.add(observer);
    return { unsubscribe: () => void this.#inspectors?.delete(observer) };
  }
  _sendInspectionEvent(event: InspectionEvent): void {
    // Sent by the constructor of an actor before its first snapshot: the moment to take it in.
    if (event.type === "@xstate.actor") adopt(event.actorRef as LocalActor, this);
    if (this.#inspectors === undefined) return;
    for (const inspector of this.#inspectors) {
      try {
        inspector.next?.({ ...event, rootId: "cell" });
      } catch (error) {
        this.host.listenerFailed(error, "inspector");
      }
    }
  }

  _relay(source: LocalActor | undefined, target: unknown, event: AnyEventObject): void {
    if (this.inspected) {
      const sent = { type: "@xstate.event", sourceRef: source, actorRef: target, event };
      this._sendInspectionEvent(sent as never);
    }
    this.host.relay(source, target, event);
  }
  schedule(source: LocalActor, target: unknown, event: AnyEventObject, delay: number, id?: string): void {
    this.host.arm(source, target, event, delay, id);
  }
  cancel(source: LocalActor, id: string): void {
    this.host.disarm(source, id);
  }
  cancelAll(source: LocalActor): void {
    this.host.disarmAll(source);
  }
  getSnapshot(): { _scheduledEvents: Record<string, never> } {
    return { _scheduledEvents: {} };
  }
  get _snapshot(): { _scheduledEvents: Record<string, never> } {
    return this.getSnapshot();
  }
  start(): void {}
  /** XState sends to a parent through `_relay` only. */
  _send(): void {}
}
