/** A call into the world that a turn asks for. Plain data: who makes it finds what to call by it. */
export interface Call {
  readonly call: unknown;
  /**
   * `atLeastOnce`: made again after a crash, under the same key. `atMostOnce`: after a crash its outcome is
   * unknown, which is said and never tried again (D5).
   */
  readonly effect: "atLeastOnce" | "atMostOnce";
}

/** R12: a call is a committed intent first, and its result a message; so a restore resumes or reports it. */
export interface Intent extends Call {
  /** `<turn>.<index>`: the same over all tries and owners, so the called side can drop a repetition. */
  readonly key: string;
  /** Whose tenure may have made it. */
  readonly epoch: number;
}

/** Intends the calls of a turn, in order. */
export function intended(
  intents: readonly Intent[],
  calls: readonly Call[],
  { turn, epoch }: { readonly turn: number; readonly epoch: number },
): readonly Intent[] {
  if (calls.length === 0) return intents;
  return [...intents, ...calls.map((call, index) => ({ ...call, key: `${turn}.${index + 1}`, epoch }))];
}

/** D5: a result is applied where its intent still stands, and takes it away; every other result is dropped. */
export function settled(intents: readonly Intent[], key: string): readonly Intent[] {
  return intents.filter((intent) => intent.key !== key);
}

/** R12, D5: what a new owner does with an intent it finds. */
export function resumption(intent: Intent, epoch: number): "call" | "reportUnknown" {
  return intent.effect === "atMostOnce" && intent.epoch < epoch ? "reportUnknown" : "call";
}
