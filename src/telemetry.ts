import type { Cell } from "./cell.ts";
import type { Incoming } from "./mailbox.ts";

/** The hooks of OpenTelemetry; absent where no SDK is registered, so that they cost one test. */
export interface Telemetry {
  /** The W3C trace context of the present span, if there is one. */
  traceparent(): string | undefined;
  /** A turn begins; the returned function ends it, with an error's text if it failed. */
  turn(cell: Cell, incoming: Incoming): (error?: string) => void;
}

/** The hooks, where an OpenTelemetry SDK is registered in this process; else undefined. */
export function telemetryOf(): Telemetry | undefined {
  return undefined;
}
