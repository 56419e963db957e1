/** What went through a proxy, and what was done to it. A snapshot. */
export interface ProxyCounts {
  /** Connections that were let in. */
  readonly connections: number;
  readonly refused: number;
  /** Whole frames that were read. */
  readonly framesToServer: number;
  readonly framesToClient: number;
  /** Bytes that were handed on. */
  readonly bytesToServer: number;
  readonly bytesToClient: number;
  readonly dropped: number;
  readonly held: number;
  /** Held frames that were let go onto a living connection. */
  readonly released: number;
  /** Held frames whose connection ended before they were let go. */
  readonly heldLost: number;
  /** Copies that were added. */
  readonly duplicated: number;
  readonly delayed: number;
  /** Connections that were reset by a rule or by `closeAll`. */
  readonly resets: number;
  readonly stalls: number;
  readonly halfOpened: number;
  /** Connections that were reset because more would have been held than `bufferMaxBytes`. */
  readonly overflows: number;
  /** Connections whose bytes are no NATS protocol, and were handed on unread from there. */
  readonly unreadable: number;
  /** Connections that were ended because TLS was asked for. */
  readonly secure: number;
}

export type Counters = { -readonly [K in keyof ProxyCounts]: number };

export function newCounters(): Counters {
  return {
    connections: 0,
    refused: 0,
    framesToServer: 0,
    framesToClient: 0,
    bytesToServer: 0,
    bytesToClient: 0,
    dropped: 0,
    held: 0,
    released: 0,
    heldLost: 0,
    duplicated: 0,
    delayed: 0,
    resets: 0,
    stalls: 0,
    halfOpened: 0,
    overflows: 0,
    unreadable: 0,
    secure: 0,
  };
}
