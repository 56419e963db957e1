import type { ActorAddress, Envelope, MessageId } from "../../../protocols/index.ts";
import type { Delivery, Outcome, Transport, TransportEvent } from "../../../src/transport/transport.ts";

/** Two transports that reach each other, and what must be closed after them. */
export interface Pair extends AsyncDisposable {
  readonly one: Transport;
  readonly two: Transport;
}

export type MakePair = () => Promise<Pair>;

let tests = 0;
/** A subject, bucket or stream name of this test's own: servers outlive tests. */
export const unique = (name: string): string => `${name}${process.pid}-${++tests}`;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = ({ payload }: { payload: Delivery["payload"] }): string =>
  payload instanceof Uint8Array ? new TextDecoder().decode(payload) : String(payload.body);

export function envelope(body: unknown): Envelope {
  return {
    kind: "message",
    id: "contract-1" as MessageId,
    from: "",
    to: "desk" as ActorAddress,
    type: "work",
    protocol: "contract@1.0",
    sentAtMs: 1_000,
    body,
  };
}

export function okOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "ok") return outcome.value;
  throw outcome.error;
}

export function eventsOf(transport: Transport): TransportEvent[] {
  const events: TransportEvent[] = [];
  transport.onEvent((event) => events.push(event));
  return events;
}
