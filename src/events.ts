import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CoxswainError, decodeEnvelope, type Envelope, quote, validate } from "../protocols/index.ts";
import { type Node, walled } from "./node.ts";
import type { Listening } from "./ref.ts";
import type { Delivery } from "./transport/transport.ts";

/** Events as an async iterator. Ends when it is closed, or left by `break`. */
export interface EventStream<E> extends AsyncIterable<E>, Listening {
  /** Events dropped because nobody took them in time. */
  readonly dropped: number;
}

/** Listens to a subject of events; each is checked against its schema, and one that does not fit is reported. */
export function listen(
  node: Node,
  subject: string,
  schema: StandardSchemaV1 | undefined,
  listener: (event: unknown) => unknown,
): Listening {
  const subscription = node.transport.subscribe(subject, (delivery) => {
    const event = eventOf(node, delivery, schema);
    if (event === undefined) return;
    walled(
      () => listener(event),
      (error) => node.report({ level: "error", message: `A listener on ${subject} threw`, error }),
    );
  });
  const close = (): void => subscription.close();
  return { close, [Symbol.dispose]: close };
}

export function stream<E>(
  node: Node,
  subject: string,
  schema: StandardSchemaV1 | undefined,
  waitingMax = 1_000,
): EventStream<E> {
  if (!Number.isSafeInteger(waitingMax) || waitingMax < 1) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected waitingMax to be a whole number >= 1, got ${quote(waitingMax)}`,
    );
  }
  const waiting: E[] = [];
  let dropped = 0;
  /** Of all who iterate and wait. */
  let wakes: (() => void)[] = [];
  const wake = (): void => {
    const woken = wakes;
    wakes = [];
    for (const each of woken) each();
  };
  let closed = false;
  const listening = listen(node, subject, schema, (event) => {
    waiting.push(event as E);
    if (waiting.length > waitingMax) {
      waiting.shift();
      dropped++;
      if (dropped === 1)
        node.report({ level: "warning", message: `A reader of ${subject} is too slow; events are dropped` });
    }
    wake();
  });
  const close = (): void => {
    closed = true;
    listening.close();
    waiting.length = 0;
    wake();
  };
  async function* iterate(): AsyncGenerator<E, void> {
    try {
      while (true) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (closed) return;
        else
          await new Promise<void>((resolve) => {
            wakes.push(resolve);
          });
      }
    } finally {
      close();
    }
  }
  return {
    [Symbol.asyncIterator]: iterate,
    close,
    [Symbol.dispose]: close,
    get dropped() {
      return dropped;
    },
  };
}

function eventOf(node: Node, delivery: Delivery, schema: StandardSchemaV1 | undefined): object | undefined {
  try {
    const { payload } = delivery;
    const envelope: Envelope = payload instanceof Uint8Array ? decodeEnvelope(payload, node.limits) : payload;
    const checked =
      schema === undefined ? { ok: true as const, value: envelope.body } : validate(schema, envelope.body);
    if (checked.ok) return { ...(checked.value as object), type: envelope.type };
    node.report({
      level: "warning",
      message: `An event on ${delivery.subject} does not fit its schema: ${checked.issues}`,
    });
  } catch (error) {
    node.report({ level: "warning", message: `Bytes on ${delivery.subject} are no event`, error });
  }
  return undefined;
}
