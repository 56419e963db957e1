import type { Env, Timer } from "../../env/env.ts";
import { type EventListeners, thrownBy } from "../../transport/event-listeners.ts";
import { Deferred, done, rejected } from "../../transport/outcomes.ts";
import type { ConsumeOptions, Consumption, Outcome, QueueEntry } from "../../transport/transport.ts";
import type { DownFrame, QueueAnswer, QueueRequest, UpFrame } from "./frames.ts";

/** What a consumption needs of its transport. */
export interface QueueClient {
  readonly env: Env;
  readonly events: EventListeners;
  readonly connected: boolean;
  ask(request: QueueRequest): Promise<Outcome<QueueAnswer>>;
  /** Without a connection nothing is sent. */
  send(frame: UpFrame): boolean;
}

/** As with the transport over NATS: see there. */
const attemptsMax = 5;
const pauseMaxMs = 100;
const silenceMaxMs = 3_000;
const ownerLength = 5;

/**
 * Takes a queue's entries in the steps of the transport over NATS: who takes it over deletes the consumers of its name and makes
 * his own; who has missed something deletes his own and makes it anew, so that all comes again that is not acknowledged.
 */
export class QueueConsumption implements Consumption {
  readonly ended: Promise<"closed" | "taken" | "gone">;
  readonly #client: QueueClient;
  readonly #id: number;
  readonly #stream: string;
  readonly #options: ConsumeOptions;
  readonly #handler: (entry: QueueEntry) => void;
  readonly #end = new Deferred<"closed" | "taken" | "gone">();
  readonly #own: string;
  #count = 0;
  #consumer = "";
  #over = false;
  /** Each making is a round; what one before still sends is dropped. */
  #round = 0;
  #number = 0;
  #making = false;
  #missed = false;
  /** Where ours is missing, we may have deleted it. */
  #deleted = false;
  /** It was missing, and nobody else's was there. */
  #missing = false;
  #timer: Timer | undefined;

  constructor(
    client: QueueClient,
    id: number,
    stream: string,
    options: ConsumeOptions,
    handler: (entry: QueueEntry) => void,
  ) {
    this.#client = client;
    this.#id = id;
    this.#stream = stream;
    this.#options = options;
    this.#handler = handler;
    this.ended = this.#end.promise;
    this.#own = `${options.name}-${client.env.uniqueId().slice(-ownerLength)}`;
  }

  async begin(): Promise<Outcome> {
    this.#making = true;
    const begun = await this.#takeOver();
    this.#making = false;
    if (begun.kind === "ok" && this.#missed) void this.again();
    return begun;
  }

  close(): void {
    this.#finish("closed");
  }

  arrived(frame: DownFrame & { op: "queued" | "deposed" }): void {
    if (this.#over || frame.round !== this.#round) return;
    if (frame.op === "deposed" || frame.number !== this.#number + 1) return void this.again();
    this.#number = frame.number;
    const { sequence, subject, payload, storedAtMs } = frame.entry;
    const [stream, consumer] = [this.#stream, this.#consumer];
    let acknowledged = false;
    const acknowledge = (): void => {
      if (acknowledged) return;
      acknowledged = this.#client.send({ op: "acknowledge", stream, consumer, sequence });
    };
    try {
      this.#handler({ sequence, subject, payload: new Uint8Array(payload), storedAtMs, acknowledge });
    } catch (thrown) {
      this.#client.events.error(thrownBy(`A consumer of ${this.#stream}`, thrown), subject);
    }
  }

  /** Something may have been missed: the connection is another one, or there was a gap. */
  async again(): Promise<void> {
    this.#missed = this.#making;
    if (this.#missed || this.#over || !this.#client.connected) return;
    this.#timer?.cancel();
    this.#making = true;
    const made = await this.#renew();
    this.#making = false;
    if (this.#over) return;
    if (this.#missed) return this.again();
    if (made.kind === "ok" && !this.#missing) return;
    this.#timer = this.#client.env.setTimer(silenceMaxMs, () => void this.again());
  }

  async #takeOver(): Promise<Outcome> {
    const { env } = this.#client;
    const { subject, name } = this.#options;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const present = await this.#present();
      if (present.kind !== "ok") return present;
      for (const consumer of present.value === "gone" ? [] : present.value) {
        const deleted = await this.#delete(consumer);
        if (deleted.kind !== "ok") return deleted;
      }
      const made = await this.#create();
      if (made.kind !== "ok") return made;
      if (made.value === "gone") return rejected("STORE_FAILED", `Stream ${this.#stream} is gone`);
      if (made.value === "done") return done;
      await new Promise<void>((resolve) => env.setTimer(env.random() * pauseMaxMs, resolve));
    }
    return rejected(
      "STORE_FAILED",
      `Expected ${this.#stream} to have no other consumer of ${subject} than ${name}, but another one is there`,
    );
  }

  async #renew(): Promise<Outcome> {
    this.#round += 1;
    const deleted = await this.#delete(this.#consumer);
    if (deleted.kind === "unknown") this.#deleted = true;
    if (deleted.kind !== "ok") return deleted;
    if (deleted.value === "gone") return this.#finish("gone");
    if (deleted.value === "done") this.#deleted = true;
    else {
      const present = await this.#present();
      if (present.kind !== "ok") return present;
      if (present.value === "gone") return this.#finish("gone");
      if (present.value.some((consumer) => !consumer.startsWith(this.#own))) return this.#finish("taken");
      // A server that lost its power may have an older one of ours again.
      for (const consumer of present.value) {
        const older = await this.#delete(consumer);
        if (older.kind !== "ok") return older;
        this.#deleted = true;
      }
      if (!this.#deleted && !this.#missing) {
        this.#missing = true;
        return done;
      }
    }
    const made = await this.#create();
    if (made.kind !== "ok") return made;
    if (made.value !== "done") return this.#finish(made.value === "gone" ? "gone" : "taken");
    this.#deleted = false;
    this.#missing = false;
    return done;
  }

  #finish(how: "closed" | "taken" | "gone"): Outcome {
    this.#over = true;
    this.#timer?.cancel();
    this.#end.resolve(how);
    return done;
  }

  /** The consumers of our name that are there, whoever's they are. */
  async #present(): Promise<Outcome<readonly string[] | "gone">> {
    const request = { op: "consumers", stream: this.#stream, name: this.#options.name } as const;
    return (await this.#client.ask(request)) as Outcome<readonly string[] | "gone">;
  }

  #delete(consumer: string): Promise<Outcome<QueueAnswer>> {
    return this.#client.ask({ op: "unconsume", stream: this.#stream, consumer });
  }

  #create(): Promise<Outcome<QueueAnswer>> {
    this.#number = 0;
    this.#consumer = this.#own + (this.#count++).toString(36).padStart(3, "0");
    const [stream, consumer, options] = [this.#stream, this.#consumer, this.#options];
    return this.#client.ask({ op: "consume", stream, consumer, options, id: this.#id, round: this.#round });
  }
}
