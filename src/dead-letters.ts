import {
  type ActorAddress,
  CoxswainError,
  deadPattern,
  deadSubject,
  decodeEnvelope,
  decodeValue,
  type Envelope,
  encodeEnvelope,
  encodeValue,
  type Limits,
  type MessageId,
} from "../protocols/index.ts";
import type { Node } from "./node.ts";
import { handOver } from "./outbound.ts";
import type { Outcome, Stream, StreamEntry } from "./transport/transport.ts";

/** A message that could not be delivered or worked on, and why. */
export interface DeadLetter {
  /** Names it for `replay`. */
  readonly sequence: number;
  readonly atMs: number;
  readonly node: string;
  readonly to: ActorAddress;
  readonly code: string;
  readonly reason: string;
  /** This message, what caused it, and the first of the whole chain. Absent for bytes that are no message. */
  readonly chain: {
    readonly id?: MessageId;
    readonly causationId?: MessageId;
    readonly correlationId?: MessageId;
  };
  readonly type?: string;
  /** As it came; empty where it was too large to be kept with the rest. */
  readonly original: Uint8Array;
}

type Stored = Omit<DeadLetter, "sequence">;

export const deadLettersMax = 10_000;
export const deadLetterBytesMax = 64 * 1024 * 1024;
/** Letters that may wait for the store to acknowledge them. */
const inFlightMax = 4_096;
/** Characters kept of a reason. */
const reasonMax = 2_000;

/** The system's dead letters: a stream that any node writes and anybody may list and replay. */
export class DeadLetters {
  readonly #node: Node;
  readonly #stream: Stream;
  #inFlight = 0;
  #unsaid = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(node: Node, stream: Stream) {
    this.#node = node;
    this.#stream = stream;
  }

  /** Keeps a letter. What the store does not take is counted and reported, never silent. */
  add(to: ActorAddress, code: string, reason: string, what: Envelope | Uint8Array): void {
    if (this.#inFlight >= inFlightMax) return this.#lost(`${inFlightMax} letters wait for the store already`);
    const letter = this.#encoded(to, code, reason, what);
    this.#inFlight++;
    const kept = (outcome: Outcome<number>): void => {
      this.#inFlight--;
      if (outcome.kind !== "ok") this.#lost(outcome.error.message);
    };
    this.#stream
      .append(deadSubject(this.#node.system, to), letter)
      .then(kept, (error) => kept({ kind: "rejected", error }));
  }

  /** Keeps a letter for somebody who keeps it until it is kept here. @returns whether it is */
  async keep(to: ActorAddress, code: string, reason: string, what: Envelope | Uint8Array): Promise<boolean> {
    const letter = this.#encoded(to, code, reason, what);
    const kept = await this.#stream.append(deadSubject(this.#node.system, to), letter);
    return kept.kind === "ok";
  }

  /** Oldest first. */
  async list(
    options: { readonly fromSequence?: number; readonly limit?: number } = {},
  ): Promise<readonly DeadLetter[]> {
    const read = await this.#stream.read({
      fromSequence: options.fromSequence ?? 1,
      limit: options.limit ?? 100,
    });
    if (read.kind !== "ok") throw read.error;
    return read.value.map((entry) => letterOf(entry, this.#node.limits));
  }

  async count(): Promise<number> {
    const counted = await this.#stream.count();
    if (counted.kind !== "ok") throw counted.error;
    return counted.value;
  }

  /**
   * Sends a letter again, without the deadline it had, and takes it out of the stream.
   *
   * @throws ADDRESS_UNKNOWN for a sequence that holds no letter, FRAME_MALFORMED for one that never was a message
   */
  async replay(sequence: number): Promise<DeadLetter> {
    const [letter] = (await this.list({ fromSequence: sequence, limit: 1 })).filter(
      (found) => found.sequence === sequence,
    );
    if (letter === undefined)
      throw new CoxswainError("ADDRESS_UNKNOWN", `No dead letter has the sequence ${sequence}`);
    const node = this.#node;
    const envelope = decodeEnvelope(letter.original, node.limits);
    // A message of its own, caused by the first: should it die too, it is known by our own id.
    const again: Envelope = {
      ...envelope,
      id: node.nextMessageId(),
      to: letter.to,
      causationId: envelope.id,
      correlationId: envelope.correlationId ?? envelope.id,
      deadlineMs: undefined,
    };
    await handOver(node, again, letter.to);
    const deleted = await this.#stream.delete(sequence);
    if (deleted.kind !== "ok") throw deleted.error;
    return letter;
  }

  #encoded(to: ActorAddress, code: string, reason: string, what: Envelope | Uint8Array): Uint8Array {
    const { env, name, limits } = this.#node;
    const at = { atMs: env.nowMs(), node: name, to, code, reason: reason.slice(0, reasonMax) };
    try {
      return encodeValue(this.#stored(at, what), limits);
    } catch {
      // Too large with its letter around it, or changed by its sender after it was sent.
      const { chain, type } = this.#stored(at, what instanceof Uint8Array ? what : { ...what, body: {} });
      const named = type === undefined ? {} : { type };
      return encodeValue({ ...at, chain, ...named, original: new Uint8Array(0) } satisfies Stored);
    }
  }

  #stored(at: Omit<Stored, "chain" | "type" | "original">, what: Envelope | Uint8Array): Stored {
    if (what instanceof Uint8Array) return { ...at, chain: {}, original: what };
    const { id, causationId, correlationId, type } = what;
    const chain = {
      id,
      ...(causationId ? { causationId } : {}),
      ...(correlationId ? { correlationId } : {}),
    };
    return { ...at, chain, type, original: encodeEnvelope(what, this.#node.limits) };
  }

  /** Counts each; says so at most once a second, since they come in floods. */
  #lost(why: string): void {
    this.#node.counts.deadLost++;
    this.#unsaid++;
    const nowMs = this.#node.env.monotonicMs();
    if (nowMs - this.#saidMs < 1_000) return;
    const message = `${this.#unsaid} dead letters could not be kept, the last because: ${why}`;
    this.#saidMs = nowMs;
    this.#unsaid = 0;
    this.#node.report({ level: "error", message });
  }
}

export function deadLetterStream(system: string): {
  name: string;
  options: Parameters<Node["transport"]["store"]["stream"]>[1];
} {
  return {
    name: `cx_${system}_dead`,
    options: { subjects: [deadPattern(system)], messagesMax: deadLettersMax, bytesMax: deadLetterBytesMax },
  };
}

function letterOf(entry: StreamEntry, limits: Limits): DeadLetter {
  return { ...(decodeValue(entry.payload, limits) as Stored), sequence: entry.sequence };
}
