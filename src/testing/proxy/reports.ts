import { type Counters, newCounters } from "./counts.ts";

/** Something the proxy did, or could not do. */
export interface ProxyReport {
  /** `fault`: a rule acted. `problem`: a limit was reached, or bytes could not be read as NATS. */
  readonly kind: "connection" | "fault" | "problem";
  /** Undefined where it is about none. */
  readonly connection: number | undefined;
  /** A sentence. Payloads are never quoted. */
  readonly text: string;
}

/** So many of the latest reports are kept. */
const logMax = 200;

/** What a proxy counts and says. */
export class Reports {
  readonly counters: Counters = newCounters();
  readonly log: string[] = [];
  readonly #listener: ((report: ProxyReport) => void) | undefined;

  constructor(listener: ((report: ProxyReport) => void) | undefined) {
    this.#listener = listener;
  }

  add(kind: ProxyReport["kind"], connection: number | undefined, text: string): void {
    this.#keep(connection === undefined ? text : `connection ${connection}: ${text}`);
    try {
      this.#listener?.({ kind, connection, text });
    } catch (thrown) {
      // A listener that throws must not change what happens on the wire.
      this.#keep(`onReport threw: ${String(thrown)}`);
    }
  }

  #keep(line: string): void {
    this.log.push(line);
    if (this.log.length > logMax) this.log.shift();
  }
}
