import type { AskLimits } from "../machines/index.ts";
import {
  type ActorAddress,
  CoxswainError,
  type Envelope,
  fromWireError,
  isCoxswainError,
  type MessageId,
  type Protocol,
  quote,
  replySchema,
  rootOf,
  toWireError,
  type Validated,
  validate,
} from "../protocols/index.ts";
import { cancelDurably, sendControl } from "./control.ts";
import type { Timer } from "./env/env.ts";
import type { Node } from "./node.ts";
import { type Origin, outgoingBody, post, publish, seal } from "./outbound.ts";
import type { AskSpan } from "./telemetry.ts";
import type { Outcome } from "./transport/transport.ts";

export type AskOptions = AskLimits;

interface Pending {
  readonly protocol: Protocol;
  readonly type: string;
  readonly to: ActorAddress;
  readonly id: MessageId;
  readonly dueMs: number;
  /** Its question lies in a durable inbox, or is on its way there: neither a broken connection nor a lost node takes it. */
  readonly durable: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly unlisten: (() => void) | undefined;
}

/** How long an ask waits where it does not say, in milliseconds. */
export const askWithinMs = 5_000;
/** Asks of one node that may wait at once. */
export const asksMax = 100_000;

/**
 * The questions this node has sent and waits for. Every one settles: reply, typed refusal,
 * UNREACHABLE at once, CANCELLED, CONNECTION_LOST, or ASK_TIMEOUT; the last two mean *unknown outcome*.
 *
 * One subscription takes all replies; the last token of the reply subject finds the question. So an
 * ask costs a plain publish, where the client library's own request captures a stack at each call.
 */
export class Asks {
  readonly #node: Node;
  readonly #pending = new Map<string, Pending>();
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(node: Node) {
    this.#node = node;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  ask(
    origin: Origin,
    protocol: Protocol,
    to: ActorAddress,
    message: { readonly type: string },
    options: AskOptions & { readonly deadlineMs?: number | undefined } = {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const node = this.#node;
      const { withinMs = askWithinMs, deadlineMs, signal, key, priority, grant } = options;
      this.#admit(protocol, message.type, withinMs, signal);
      const body = outgoingBody(protocol, to, message);
      const { type } = message;
      const span = node.telemetry?.ask(type, to, origin.cause?.traceparent);
      const traced = span === undefined ? origin : { ...origin, traceparent: span.traceparent };
      const chosen = { withinMs, deadlineMs, priority, key, grant };
      const envelope = seal(node, traced, protocol, to, type, body, chosen);
      const token = node.askToken(envelope);
      const dueMs = node.env.monotonicMs() + Math.max(0, (envelope.deadlineMs ?? 0) - envelope.sentAtMs);
      const { resolve: settle, reject: fail } =
        span === undefined ? { resolve, reject } : spanned(span, resolve, reject);
      const unlisten = signal === undefined ? undefined : this.#abortOn(signal, token);
      const { id } = envelope;
      const inboxes = node.inboxesOf(to);
      const durable = inboxes !== undefined;
      this.#pending.set(token, {
        protocol,
        type,
        to,
        id,
        dueMs,
        durable,
        unlisten,
        resolve: settle,
        reject: fail,
      });
      try {
        const reply = node.replySubject(token);
        if (inboxes === undefined) publish(node, envelope, node.inboxSubject(to), reply);
        else post(node, inboxes, envelope, reply, (outcome) => this.#posted(token, outcome));
      } catch (error) {
        this.#take(token)?.reject(error);
        return;
      }
      this.#arm(dueMs);
    });
  }

  #admit(protocol: Protocol, type: string, withinMs: number, signal: AbortSignal | undefined): void {
    if (!(withinMs > 0))
      throw new CoxswainError("OPTION_INVALID", `Expected withinMs > 0, got ${quote(withinMs)}`);
    if (signal?.aborted) throw cancelled(type, signal.reason);
    if (this.#pending.size >= asksMax) {
      throw new CoxswainError("TRANSPORT_FULL", `${asksMax} asks wait already, the limit of a node`);
    }
    if (replySchema(protocol, type) === undefined && type in protocol.accepts) {
      throw new CoxswainError("MESSAGE_INVALID", `${protocol.name}.${type} has no reply; tell it instead`);
    }
  }

  /** @returns how to stop listening to the signal */
  #abortOn(signal: AbortSignal, token: string): () => void {
    const abort = (): void => this.#cancel(token, signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  }

  /** What arrived for `token`; undefined for bytes that are no message. Late and doubled ones are counted and dropped. */
  settle(token: string, envelope: Envelope | undefined): void {
    const pending = this.#take(token);
    if (pending === undefined) {
      this.#node.counts.lateReplies++;
      return;
    }
    if (envelope?.kind === "refusal") return pending.reject(fromWireError(envelope.body));
    const checked = checkReply(pending, envelope);
    if (checked.ok) return pending.resolve(checked.value);
    const { type, to } = pending;
    const text = `Expected a reply to ${type} from ${to}: ${checked.issues}; got ${quote(envelope?.body)}`;
    pending.reject(new CoxswainError("REPLY_INVALID", text));
  }

  /** Where nobody knows whether the inbox has it, the reply tells, or the deadline. */
  #posted(token: string, outcome: Outcome<number>): void {
    if (outcome.kind !== "rejected") return;
    this.#node.counts.refused++;
    this.#take(token)?.reject(outcome.error);
  }

  unreachable(token: string): void {
    const pending = this.#take(token);
    pending?.reject(
      new CoxswainError("UNREACHABLE", `Nobody listens at ${pending.to}; ${pending.type} was not delivered`),
    );
  }

  /** The connection broke: what was asked on it may or may not have arrived. What durable actors are asked will. */
  connectionLost(reason: string): void {
    const text = `The connection broke (${reason}); the outcome is unknown`;
    this.#rejectAll("CONNECTION_LOST", text, ({ durable }) => !durable);
  }

  /** A node is gone, with all that lived under its root names. */
  nodeDown(node: string, roots: readonly string[]): void {
    if (this.#pending.size === 0) return;
    const gone = new Set(roots);
    for (const [token, { to, type, durable }] of this.#pending) {
      if (durable || !gone.has(rootOf(to))) continue;
      const text = `Node ${node}, where ${to} lived, is gone; the outcome of ${type} is unknown`;
      this.#take(token)?.reject(new CoxswainError("NODE_LOST", text, { details: { node } }));
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#rejectAll("SYSTEM_CLOSED", "The system was closed; the outcome is unknown", () => true);
  }

  #cancel(token: string, reason: unknown): void {
    const pending = this.#take(token);
    if (pending === undefined) return;
    const { to, id } = pending;
    const inboxes = this.#node.inboxesOf(to);
    if (inboxes === undefined) sendControl(this.#node, to, "cancel", { id });
    else cancelDurably(this.#node, inboxes, to, id);
    pending.reject(cancelled(pending.type, reason));
  }

  #take(token: string): Pending | undefined {
    const pending = this.#pending.get(token);
    if (pending === undefined) return undefined;
    this.#pending.delete(token);
    pending.unlisten?.();
    return pending;
  }

  #rejectAll(
    code: "CONNECTION_LOST" | "SYSTEM_CLOSED",
    text: string,
    isMeant: (pending: Pending) => boolean,
  ): void {
    for (const [token, pending] of [...this.#pending]) {
      if (!isMeant(pending)) continue;
      this.#take(token)?.reject(new CoxswainError(code, `${pending.type} to ${pending.to}: ${text}`));
    }
  }

  /** One timer for all: it stands at the earliest deadline known, and looks at all when it fires. */
  #arm(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#node.env.setTimer(dueMs - this.#node.env.monotonicMs(), () => this.#expire());
  }

  #expire(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#node.env.monotonicMs();
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const [token, pending] of this.#pending) {
      if (pending.dueMs > nowMs) {
        earliestMs = Math.min(earliestMs, pending.dueMs);
        continue;
      }
      this.#take(token);
      pending.reject(
        new CoxswainError(
          "ASK_TIMEOUT",
          `No reply to ${pending.type} from ${pending.to} in time; the outcome is unknown`,
        ),
      );
    }
    if (earliestMs < Number.POSITIVE_INFINITY) this.#arm(earliestMs);
  }
}

/** Never throws, as a schema may: the ask has to settle. */
function checkReply({ protocol, type }: Pending, envelope: Envelope | undefined): Validated {
  if (envelope === undefined) return { ok: false, issues: "the bytes are no message" };
  if (envelope.kind !== "reply") return { ok: false, issues: `it is a message of kind ${envelope.kind}` };
  const schema = replySchema(protocol, type);
  try {
    return schema === undefined ? { ok: true, value: envelope.body } : validate(schema, envelope.body);
  } catch (error) {
    return { ok: false, issues: `its schema threw: ${toWireError(error).message}` };
  }
}

function spanned(
  span: AskSpan,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): Pick<Pending, "resolve" | "reject"> {
  return {
    resolve: (value) => {
      span.end();
      resolve(value);
    },
    reject: (error) => {
      span.end(isCoxswainError(error) ? error.code : "ACTOR_FAILED");
      reject(error);
    },
  };
}

function cancelled(type: string, reason: unknown): CoxswainError {
  return new CoxswainError("CANCELLED", `The question ${type} was withdrawn`, { cause: reason });
}
