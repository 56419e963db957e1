/** What core NATS never does on a living connection. For machines that are to bear more than NATS can do to them. */
export interface Hostility {
  /** 0 to 1, for each message that arrives. */
  readonly drop: number;
  readonly duplicate: number;
  /** It comes up to a second late, behind later ones. */
  readonly reorder: number;
}

/** The state of one node's line to the server. */
export interface Weather {
  /** How many faults keep everything from getting through from the node to the server; what is sent is held, as TCP does. */
  stalledUp: number;
  stalledDown: number;
  /** Beside the usual latency. */
  extraMs: number;
  hostility: Hostility | undefined;
}

export function fairWeather(): Weather {
  return { stalledUp: 0, stalledDown: 0, extraMs: 0, hostility: undefined };
}
