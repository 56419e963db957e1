import type { FrameSpan } from "./frame-reader.ts";
import type { ProxiedRequest } from "./requests.ts";

/** Whose bytes they are: the client's on their way to the server, or the server's on their way to the client. */
export type FrameDirection = "toServer" | "toClient";

export type FrameOp =
  | "INFO"
  | "CONNECT"
  | "PUB"
  | "HPUB"
  | "SUB"
  | "UNSUB"
  | "MSG"
  | "HMSG"
  | "+OK"
  | "-ERR"
  | "PING"
  | "PONG";

/** One command of the NATS client protocol on its way through the proxy. To be read only: its bytes are those that travel. */
export interface Frame {
  readonly direction: FrameDirection;
  readonly op: FrameOp;
  /** Of PUB, HPUB, SUB, MSG and HMSG. */
  readonly subject: string | undefined;
  readonly reply: string | undefined;
  /** The subscription's number, of SUB, UNSUB, MSG and HMSG. */
  readonly sid: string | undefined;
  /** The queue group of a SUB. */
  readonly queue: string | undefined;
  /** Of HPUB and HMSG; names as they were sent. */
  readonly headers: ReadonlyMap<string, readonly string[]> | undefined;
  /** The status of an HMSG of the server's own: 503 nobody listens, 404 no message, 408 timed out, 100 heartbeat. */
  readonly status: number | undefined;
  /** The message's bytes; of INFO and CONNECT their JSON, of -ERR its text. */
  readonly payload: Uint8Array;
  /** The proxied connection's number, from 1 in order of arrival. */
  readonly connection: number;
  /** Its place on its connection in its direction, from 1. */
  readonly number: number;
  /** What it answers: the latest publish of this connection that named its subject as reply. */
  readonly request: ProxiedRequest | undefined;
}

/** Where a frame was seen. */
export interface FramePlace {
  readonly direction: FrameDirection;
  readonly connection: number;
  readonly number: number;
}

const nothing = new Uint8Array(0);

/** @param answered finds what a subject answers. */
export function decodeFrame(
  span: FrameSpan,
  place: FramePlace,
  answered: (subject: string) => ProxiedRequest | undefined,
): Frame {
  return new DecodedFrame(span, place, answered);
}

class DecodedFrame implements Frame {
  readonly direction: FrameDirection;
  readonly op: FrameOp;
  readonly connection: number;
  readonly number: number;
  readonly subject: string | undefined;
  readonly reply: string | undefined;
  readonly sid: string | undefined;
  readonly queue: string | undefined;
  readonly payload: Uint8Array;
  readonly request: ProxiedRequest | undefined;
  readonly #head: Buffer | undefined;
  #read: Head | undefined;

  constructor(span: FrameSpan, place: FramePlace, answered: (subject: string) => ProxiedRequest | undefined) {
    const { op, buffer, start, lineEnd, end } = span;
    this.direction = place.direction;
    this.op = op;
    this.connection = place.connection;
    this.number = place.number;
    const line = buffer.toString("utf8", start + op.length, lineEnd).trim();
    const words = line.split(/[ \t]+/);
    const isMessage = op === "MSG" || op === "HMSG";
    this.payload = nothing;
    if (op === "PUB" || op === "HPUB" || isMessage) {
      const sizes = op === "HPUB" || op === "HMSG" ? 2 : 1;
      const headBytes = sizes === 2 ? Number(words.at(-2)) : 0;
      const fixed = isMessage ? 2 : 1;
      this.subject = words[0];
      this.sid = isMessage ? words[1] : undefined;
      this.reply = words.length > fixed + sizes ? words[fixed] : undefined;
      this.#head = sizes === 2 ? buffer.subarray(lineEnd, lineEnd + headBytes) : undefined;
      this.payload = buffer.subarray(lineEnd + headBytes, end - 2);
      this.request = isMessage && this.subject !== undefined ? answered(this.subject) : undefined;
    } else if (op === "SUB") {
      this.subject = words[0];
      this.sid = words.at(-1);
      this.queue = words.length > 2 ? words[1] : undefined;
    } else if (op === "UNSUB") {
      this.sid = words[0];
    } else if (op === "INFO" || op === "CONNECT" || op === "-ERR") {
      this.payload = Buffer.from(line);
    }
  }

  get headers(): Frame["headers"] {
    return this.#headOf()?.headers;
  }

  get status(): number | undefined {
    return this.#headOf()?.status;
  }

  #headOf(): Head | undefined {
    if (this.#head !== undefined) this.#read ??= readHead(this.#head);
    return this.#read;
  }
}

interface Head {
  readonly status: number | undefined;
  readonly headers: Map<string, string[]>;
}

/** `NATS/1.0[ <status>[ <description>]]`, then a line for each value (ADR-4). */
function readHead(bytes: Buffer): Head {
  const [version = "", ...lines] = bytes.toString("utf8").split("\r\n");
  const [, status] = /^NATS\/1\.0\s+(\d{3})/.exec(version) ?? [];
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    headers.set(name, values);
  }
  return { status: status === undefined ? undefined : Number(status), headers };
}

/** For reports: never the payload, since a CONNECT has secrets. */
export function describeFrame({ op, subject, reply, sid, payload, direction }: Frame): string {
  const to = direction === "toServer" ? "to the server" : "to the client";
  const words = [op, subject, reply === undefined ? undefined : `(reply ${reply})`];
  const size = payload.length > 0 ? `, ${payload.length} bytes` : "";
  const of = subject === undefined && sid !== undefined ? ` of subscription ${sid}` : "";
  return `${words.filter((word) => word !== undefined).join(" ")}${of}${size}, ${to}`;
}
