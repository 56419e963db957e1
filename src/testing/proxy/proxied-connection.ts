import { createConnection, type Socket } from "node:net";
import type { Env } from "../../env/env.ts";
import { decodeFrame, type Frame, type FrameDirection } from "./frame.ts";
import type { FrameSpan } from "./frame-reader.ts";
import type { FrameRule } from "./frame-rules.ts";
import { clientName, rewriteInfo } from "./info.ts";
import { Lane, type LaneOwner } from "./lane.ts";
import type { Reports } from "./reports.ts";
import { Requests } from "./requests.ts";

/** A connection through the proxy, as it is now. */
export interface ProxiedConnection {
  /** From 1, in order of arrival. A client may try a server by a connection of its own before the one it keeps. */
  readonly number: number;
  /** The name the client gave itself in its CONNECT. */
  readonly name: string | undefined;
  readonly open: boolean;
  /** Bytes that were handed on. */
  readonly bytesToServer: number;
  readonly bytesToClient: number;
}

/** What a connection needs of its proxy. */
export interface ConnectionWorld {
  readonly env: Env;
  readonly host: string;
  readonly port: number;
  readonly target: { readonly host: string; readonly port: number };
  readonly bufferMaxBytes: number;
  readonly reports: Reports;
  /** Open ones, in the order they were made. */
  readonly frameRules: ReadonlySet<FrameRule>;
  gone(connection: Connection): void;
}

const handshake = 0x16;
const carriageReturn = 0x0d;

/** A client's connection and the one to the server that belongs to it. */
export class Connection implements ProxiedConnection, LaneOwner {
  readonly number: number;
  readonly env: Env;
  readonly bufferMaxBytes: number;
  readonly toServer: Lane;
  readonly toClient: Lane;
  name: string | undefined;
  bytesToServer = 0;
  bytesToClient = 0;
  readonly #world: ConnectionWorld;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #requests = new Requests();
  #framesToServer = 0;
  #framesToClient = 0;
  #sidesOpen = 2;

  constructor(number: number, near: Socket, world: ConnectionWorld) {
    this.number = number;
    this.env = world.env;
    this.bufferMaxBytes = world.bufferMaxBytes;
    this.#world = world;
    this.#near = near;
    this.#far = createConnection({ ...world.target, allowHalfOpen: true, noDelay: true });
    this.#far.on("error", (error) => this.#serverFailed(error));
    this.toServer = new Lane("toServer", near, this.#far, this);
    this.toClient = new Lane("toClient", this.#far, near, this);
    for (const side of [near, this.#far]) side.on("close", () => this.#sideClosed());
  }

  get open(): boolean {
    return this.#sidesOpen > 0;
  }

  get lanes(): readonly [Lane, Lane] {
    return [this.toServer, this.toClient];
  }

  laneOf(direction: FrameDirection): Lane {
    return direction === "toServer" ? this.toServer : this.toClient;
  }

  passes(span: FrameSpan, lane: Lane): boolean {
    const { direction } = lane;
    const { reports, frameRules } = this.#world;
    const up = direction === "toServer";
    const number = up ? ++this.#framesToServer : ++this.#framesToClient;
    if (up) reports.counters.framesToServer++;
    else reports.counters.framesToClient++;
    const { op } = span;
    const isSpecial = op === "INFO" || op === "CONNECT" || (up && asksForAnswer(span));
    if (frameRules.size === 0 && !isSpecial) return true;
    const place = { direction, connection: this.number, number };
    const frame = decodeFrame(span, place, (subject) => this.#requests.answeredBy(subject));
    let bytes = span.buffer.subarray(span.start, span.end);
    if (op === "INFO") {
      const info = rewriteInfo(frame, this.#world.host, this.#world.port);
      if (info?.secure === true) return this.#refuseTls("the server speaks TLS only");
      bytes = info?.bytes ?? bytes;
    } else if (op === "CONNECT") {
      this.name = clientName(frame);
    } else if (up) {
      this.#requests.add(frame);
    }
    const rule = this.#ruleFor(frame);
    if (rule !== undefined) rule.take(frame, bytes, lane);
    else if (op !== "INFO") return true;
    else lane.send(bytes);
    return false;
  }

  #ruleFor(frame: Frame): FrameRule | undefined {
    for (const rule of this.#world.frameRules) if (rule.matches(frame)) return rule;
    return undefined;
  }

  unreadable(rest: Buffer, lane: Lane): void {
    if (lane.direction === "toServer" && rest[0] === handshake) {
      this.#refuseTls("the client began a TLS handshake");
      return;
    }
    this.#world.reports.counters.unreadable++;
    this.#problem(`bytes ${lane.direction} are no NATS protocol, and are handed on unread from here on`);
    lane.send(rest);
  }

  overflow(lane: Lane, why: string): void {
    this.#world.reports.counters.overflows++;
    this.#problem(`reset, for ${why} (${this.bufferMaxBytes} bytes) ${lane.direction}`);
    this.cutOff();
  }

  forwarded({ direction }: Lane, bytes: number): void {
    const { counters } = this.#world.reports;
    if (direction === "toServer") {
      this.bytesToServer += bytes;
      counters.bytesToServer += bytes;
    } else {
      this.bytesToClient += bytes;
      counters.bytesToClient += bytes;
    }
  }

  /** Both sides are reset at once. */
  cutOff(): void {
    for (const lane of this.lanes) lane.mute();
    for (const side of [this.#near, this.#far]) if (!side.destroyed) side.resetAndDestroy();
  }

  /** Both sides are ended in order; what waits to be handed on is lost. */
  end(): void {
    for (const lane of this.lanes) lane.mute();
    for (const side of [this.#near, this.#far]) side.destroySoon();
  }

  /** One side is gone, and the other does not learn of it. */
  halfOpen(keeps: "client" | "server"): void {
    for (const lane of this.lanes) lane.mute();
    const gone = keeps === "client" ? this.#far : this.#near;
    gone.destroy();
  }

  #refuseTls(why: string): false {
    this.#world.reports.counters.secure++;
    this.#problem(`ended: ${why}, and the proxy cannot read TLS`);
    for (const lane of this.lanes) lane.mute();
    this.#near.end(`-ERR 'TLS is not supported by natsProxy: ${why}'\r\n`);
    this.#far.destroy();
    return false;
  }

  #serverFailed(error: Error): void {
    if (this.bytesToClient > 0) return;
    this.#problem(`the server gave no connection: ${error.message}`);
  }

  #problem(text: string): void {
    this.#world.reports.add("problem", this.number, text);
  }

  #sideClosed(): void {
    this.#sidesOpen--;
    if (this.#sidesOpen > 0) return;
    this.#world.reports.add("connection", this.number, "closed");
    this.#world.gone(this);
  }
}

/** Whether a publish names a reply: its line has a word more than it must have. */
function asksForAnswer({ op, buffer, start, lineEnd }: FrameSpan): boolean {
  if (op !== "PUB" && op !== "HPUB") return false;
  let gaps = 0;
  for (let at = start; at < lineEnd; at++) {
    const byte = buffer[at] as number;
    if (byte === carriageReturn) break;
    if (byte <= 0x20) gaps++;
  }
  return gaps > (op === "PUB" ? 2 : 3);
}
