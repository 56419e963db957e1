import type { StandardSchemaV1 } from "@standard-schema/spec";
import { decodeEnvelope, type Envelope, validate } from "../protocols/index.ts";
import type { Node } from "./node.ts";
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
  listener: (event: unknown) => void,
): Listening {
  const subscription = node.transport.subscribe(subject, (delivery) => {
    const event = eventOf(node, delivery, schema);
    if (event === undefined) return;
    try {
      listener(event);
    } catch (error) {
      node.report({ level: "error", message: `A listener on ${subject} threw`, error });
    }
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
  const waiting: E[] = [];
  let dropped = 0;
  let wake: (() => void) | undefined;
  let closed = false;
  const listening = listen(node, subject, schema, (event) => {
    waiting.push(event as E);
    if (waiting.length > waitingMax) {
      waiting.shift();
      dropped++;
      if (dropped === 1)
        node.report({ level: "warning", message: `A reader of ${subject} is too slow; events are dropped` });
    }
    wake?.();
  });
  const close = (): void => {
    closed = true;
    listening.close();
    wake?.();
  };
  async function* iterate(): AsyncGenerator<E, void> {
    try {
      while (true) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else if (closed) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
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
