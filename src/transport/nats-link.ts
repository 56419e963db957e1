import type { NatsConnection, ServerInfo, Status } from "nats";
import { CoxswainError } from "../../protocols/index.ts";
import { codeOf } from "./nats-dial.ts";
import { quickenParser } from "./nats-parser.ts";
import { NatsRequests, type RequestOptions } from "./nats-requests.ts";
import { NatsWriter } from "./nats-writer.ts";
import { unknown } from "./outcomes.ts";
import { ReadingWatch } from "./reading-watch.ts";
import type { Outcome } from "./transport.ts";

/** How a connection ended. */
export interface LinkEnd {
  readonly reason: string;
  /** The server closed it while this side was too busy to read. */
  readonly slow: boolean;
}

type OnError = (error: CoxswainError, subject?: string) => void;

/** What the client keeps to itself. Should it move, the outbound bound is lost, and a test says so. */
interface Inside {
  readonly protocol?: {
    readonly lastError?: Error;
    readonly transport?: { readonly socket?: { readonly writableLength: number } };
  };
}

/** One connection from its beginning to its end. It never reconnects; another link follows it. */
export class NatsLink {
  readonly url: string;
  readonly info: ServerInfo;
  readonly ended: Promise<LinkEnd>;
  readonly requests: NatsRequests;
  readonly #nc: NatsConnection;
  readonly #writer: NatsWriter;
  readonly #reading: ReadingWatch;
  readonly #unsettled = new Set<() => void>();
  #onError: OnError = () => {};
  #end: (end: LinkEnd) => void = () => {};
  #up = true;
  #leaving = false;

  /** @throws SERVER_FAILED if the connection has ended already. */
  constructor(nc: NatsConnection, settings: RequestOptions, secure: boolean) {
    if (nc.info === undefined) throw new CoxswainError("SERVER_FAILED", "The server closed the connection");
    this.#nc = nc;
    const { env } = settings;
    this.#writer = new NatsWriter(nc, env);
    this.requests = new NatsRequests(() => this.nc, this.#writer, settings);
    quickenParser(nc, () => this.#writer.answering());
    this.url = `${secure ? "tls" : "nats"}://${nc.getServer()}`;
    this.info = nc.info;
    this.#reading = new ReadingWatch(env);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    void this.#readStatus();
    // A moment later: what the client says of the reason comes by way of its status.
    void nc.closed().then((error) => env.soon(() => this.#close(closeReason(error ?? this.#lastError()))));
  }

  get up(): boolean {
    return this.#up && !this.#nc.isClosed();
  }

  /** For all but publishing. What was published before goes first. */
  get nc(): NatsConnection {
    this.#writer.flush();
    return this.#nc;
  }

  /**
   * @returns ADDRESS_INVALID for what is no subject.
   * @throws what the client throws: it is closed or drained, or the payload is too large.
   */
  publish(subject: string, payload: Uint8Array, reply: string | undefined): CoxswainError | undefined {
    return this.#writer.publish(subject, payload, reply);
  }

  /** Bytes that were given to the connection and are not yet on their way. */
  get outboundBytes(): number {
    return (this.#nc as unknown as Inside).protocol?.transport?.socket?.writableLength ?? 0;
  }

  /** The server refused something, and the connection goes on. */
  onError(listener: OnError): void {
    this.#onError = listener;
  }

  /** Settles with the work, or as unknown as soon as the link ends. */
  attempt<T>(work: Promise<T>, failed: (thrown: unknown) => Outcome<T>): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const settle = (outcome: Outcome<T>): void => {
        this.#unsettled.delete(lost);
        resolve(outcome);
      };
      const lost = (): void => settle(unknown("CONNECTION_LOST", `The connection to ${this.url} broke`));
      if (!this.up) return lost();
      this.#unsettled.add(lost);
      work.then(
        (value) => settle({ kind: "ok", value }),
        (thrown) => settle(this.up ? failed(thrown) : unknown("CONNECTION_LOST", String(thrown), thrown)),
      );
    });
  }

  /** Our own end of it: at once, without waiting for anything to be sent. */
  close(reason: string): void {
    this.#leaving = true;
    this.#close(reason);
  }

  /** Marks the end as ours, so that it is not taken for a slow reader's. */
  leave(): void {
    this.#leaving = true;
  }

  #close(reason: string): void {
    if (!this.#up) return;
    this.#up = false;
    const busy = this.#reading.wasBusy();
    this.#reading.stop();
    this.#end({ reason, slow: !this.#leaving && (busy || /slow consumer|stale connection/i.test(reason)) });
    for (const lost of [...this.#unsettled]) lost();
    this.requests.lost(`The connection to ${this.url} broke`);
    // Destroys the socket. The client's own way waits for what is unsent, with a frozen server for ever.
    void this.nc.close();
  }

  async #readStatus(): Promise<void> {
    for await (const status of this.nc.status()) this.#take(status);
  }

  #take(status: Status): void {
    switch (status.type) {
      case "staleConnection":
        return this.close("the server did not answer pings");
      case "error":
        return this.#takeError(status);
      default:
    }
  }

  #takeError({ data, permissionContext }: Status): void {
    const said = permissionContext === undefined ? (this.#lastError()?.message ?? String(data)) : "";
    const { operation, subject } = permissionContext ?? {};
    const message =
      subject === undefined
        ? `The server said: ${said}`
        : `Expected permission for a ${operation} to ${subject}, but the server forbids it`;
    const details = subject === undefined ? {} : { operation, subject };
    const error = new CoxswainError(codeOf(data), message, { details });
    if (error.code === "PERMISSION_DENIED") this.requests.forbidden(operation, subject, error);
    this.#onError(error, subject);
  }

  #lastError(): Error | undefined {
    return (this.#nc as unknown as Inside).protocol?.lastError;
  }
}

function closeReason(error: unknown): string {
  return error instanceof Error && error.message !== ""
    ? `the connection ended: ${error.message}`
    : "the server closed the connection";
}
