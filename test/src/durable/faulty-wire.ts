import { Deferred, unknown } from "../../../src/transport/outcomes.ts";
import type {
  Bucket,
  Closable,
  Outcome,
  QueueEntry,
  Store,
  Stream,
  Subscription,
  Transport,
} from "../../../src/transport/transport.ts";

/** Something a node asks of its store, acknowledges or publishes. */
export interface Step {
  readonly kind: "read" | "write" | "append" | "consume" | "watch" | "acknowledge" | "publish";
  /** A key, an entry's subject, or the name of a consumer. */
  readonly what: string;
  /** A bucket or a stream; of a publish "". */
  readonly where: string;
}

/**
 * What becomes of a step.
 *
 * - `lostRequest`: it does not happen; `lostAnswer`: it does. Of neither is anything heard.
 * - `deadBefore`, `deadAfter`: the process dies before it happens, or after and before the answer.
 * - `frozenBefore`, `frozenAfter`: the process stands still; its step happens, or is answered, when it goes on.
 * - `twice`: it happens twice, and the second is answered.
 * - `late`: it happens after what the node does in the time after it.
 */
export type Fate =
  | "ok"
  | "lostRequest"
  | "lostAnswer"
  | "deadBefore"
  | "deadAfter"
  | "frozenBefore"
  | "frozenAfter"
  | "twice"
  | "late";

export interface WirePlan {
  fateOf(step: Step): Fate;
  /** The process ends. */
  die(): void;
  /** The process stands still, until {@link FaultyWire.thaw}. */
  freeze(): void;
  later(run: () => void): void;
}

const never = new Promise<never>(() => {});

/** A node's connection, of which each step ends as planned. While its process stands still, what comes for it waits. */
export class FaultyWire {
  readonly transport: Transport;
  readonly #inner: Transport;
  readonly #plan: WirePlan;
  /** Of a process that stands still: resolves when it goes on. */
  #frozen: Deferred<void> | undefined;
  #waiting: (() => void)[] = [];
  #deaf = false;

  constructor(inner: Transport, plan: WirePlan) {
    this.#inner = inner;
    this.#plan = plan;
    const store: Store = {
      bucket: async (name, limits) =>
        mapped(await inner.store.bucket(name, limits), (it) => this.#bucket(name, it)),
      stream: async (name, options) =>
        mapped(await inner.store.stream(name, options), (it) => this.#stream(name, it)),
    };
    const own: Partial<Transport> = {
      store,
      publish: (subject, payload, reply) => {
        const step = { kind: "publish", what: subject, where: "" } as const;
        return this.#act(step, () => inner.publish(subject, payload, reply));
      },
      subscribe: (pattern, handler, options) => this.#subscribe(pattern, handler, options),
    };
    this.transport = new Proxy(inner, {
      get: (_, name) => {
        const found: unknown = own[name as keyof Transport] ?? Reflect.get(inner, name, inner);
        return typeof found === "function" ? found.bind(inner) : found;
      },
    });
  }

  freeze(): void {
    this.#frozen ??= new Deferred();
    this.#plan.freeze();
  }

  /** What comes for it waits, until it hears again. */
  deafen(): void {
    this.#deaf = true;
  }

  hear(): void {
    this.#deaf = false;
    if (this.#frozen === undefined) this.#catchUp();
  }

  /** The process goes on; what came meanwhile comes first. */
  thaw(goOn: () => void): void {
    const frozen = this.#frozen;
    this.#frozen = undefined;
    this.#catchUp();
    frozen?.resolve();
    goOn();
  }

  #catchUp(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  // ---- what the node asks ----

  async #request<T>(step: Step, perform: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#frozen !== undefined) await this.#frozen.promise;
    const fate = this.#plan.fateOf(step);
    switch (fate) {
      case "lostRequest":
        return lost(step);
      case "deadBefore":
        this.#plan.die();
        return never;
      case "frozenBefore":
        this.freeze();
        await this.#frozen?.promise;
        return perform();
      case "late":
        await new Promise<void>((resolve) => this.#plan.later(resolve));
        return perform();
      default:
    }
    if (fate === "twice") await perform();
    const performed = perform();
    if (fate === "frozenAfter") this.freeze();
    const outcome = await performed;
    if (fate === "deadAfter") {
      this.#plan.die();
      return never;
    }
    if (this.#frozen !== undefined) await this.#frozen.promise;
    return fate === "lostAnswer" ? lost(step) : outcome;
  }

  /** What has no answer. */
  #act<T>(step: Step, perform: () => T): T | undefined {
    if (this.#frozen !== undefined) {
      this.#waiting.push(perform);
      return undefined;
    }
    const fate = this.#plan.fateOf(step);
    if (fate === "deadBefore") this.#plan.die();
    if (fate === "frozenBefore") {
      this.freeze();
      this.#waiting.push(perform);
    }
    if (fate === "late") this.#plan.later(perform);
    if (["deadBefore", "frozenBefore", "lostRequest", "late"].includes(fate)) return undefined;
    if (fate === "twice") perform();
    const done = perform();
    if (fate === "deadAfter") this.#plan.die();
    if (fate === "frozenAfter") this.freeze();
    return done;
  }

  // ---- what comes for the node ----

  #gate<A>(handler: (given: A) => void): { readonly take: (given: A) => void; readonly shut: () => void } {
    let open = true;
    const give = (given: A): void => {
      if (open) handler(given);
    };
    return {
      take: (given) => {
        if (this.#frozen === undefined && !this.#deaf) give(given);
        else this.#waiting.push(() => give(given));
      },
      shut: () => {
        open = false;
      },
    };
  }

  #subscribe(...[pattern, handler, options]: Parameters<Transport["subscribe"]>): Subscription {
    const gate = this.#gate(handler);
    const inner = this.#inner.subscribe(pattern, gate.take, options);
    return { drain: () => inner.drain(), close: () => closed(gate, inner) };
  }

  #bucket(where: string, inner: Bucket): Bucket {
    const write = <T>(what: string, perform: () => Promise<Outcome<T>>): Promise<Outcome<T>> =>
      this.#request({ kind: "write", what, where }, perform);
    return {
      get: (what) => this.#request({ kind: "read", what, where }, () => inner.get(what)),
      entries: (under) =>
        this.#request({ kind: "read", what: under ?? "", where }, () => inner.entries(under)),
      create: (key, value) => write(key, () => inner.create(key, value)),
      update: (key, value, revision) => write(key, () => inner.update(key, value, revision)),
      put: (key, value) => write(key, () => inner.put(key, value)),
      delete: (key, revision) => write(key, () => inner.delete(key, revision)),
      watch: (handler) => {
        const gate = this.#gate(handler);
        return this.#request({ kind: "watch", what: "", where }, async () =>
          mapped(await inner.watch(gate.take), (it) => ({ close: () => closed(gate, it) })),
        );
      },
    };
  }

  #stream(where: string, inner: Stream): Stream {
    return {
      append: (what, payload, expected) =>
        this.#request({ kind: "append", what, where }, () => inner.append(what, payload, expected)),
      read: (options) =>
        this.#request({ kind: "read", what: options?.subject ?? "", where }, () => inner.read(options)),
      delete: (sequence) =>
        this.#request({ kind: "write", what: `${sequence}`, where }, () => inner.delete(sequence)),
      count: () => this.#request({ kind: "read", what: "", where }, () => inner.count()),
      lastSequence: () => this.#request({ kind: "read", what: "", where }, () => inner.lastSequence()),
      consume: (options, handler) => {
        const gate = this.#gate((entry: QueueEntry) => {
          const step = { kind: "acknowledge", what: entry.subject, where } as const;
          handler({ ...entry, acknowledge: () => void this.#act(step, () => entry.acknowledge()) });
        });
        return this.#request({ kind: "consume", what: options.name, where }, async () =>
          mapped(await inner.consume(options, gate.take), (it) => ({
            ended: it.ended,
            close: () => closed(gate, it),
          })),
        );
      },
    };
  }
}

function closed(gate: { shut(): void }, inner: Closable): void {
  gate.shut();
  inner.close();
}

function lost({ kind, what }: Step): Outcome<never> {
  return unknown("STORE_FAILED", `No answer to ${kind} ${what} in time`);
}

function mapped<T, U>(outcome: Outcome<T>, make: (value: T) => U): Outcome<U> {
  return outcome.kind === "ok" ? { kind: "ok", value: make(outcome.value) } : outcome;
}
